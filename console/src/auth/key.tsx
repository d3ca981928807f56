/** The key of an authenticator: as a picture, as a link for this device, and as text. */
import { CopyButton } from "../ui/parts";
import { grouped, otpauth, qrCode } from "./authenticator";

export function Key({ secret, email }: { secret: string; email: string }) {
  const address = otpauth(secret, email, `Workflows ${location.hostname}`);
  const { path, size } = qrCode(address);
  return (
    <div class="key">
      <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="The key as a QR code">
        <rect width={size} height={size} />
        <path d={path} />
      </svg>
      <p class="key-text">
        <code aria-label="Key">{grouped(secret)}</code>
        <CopyButton text={secret} label="Copy the key" />
      </p>
      <p>
        <a href={address}>Open in an app on this device</a>
      </p>
    </div>
  );
}
