/** The address from which an authenticator app reads its key: https://github.com/google/google-authenticator/wiki/Key-Uri-Format. */
import { encode } from "uqr";

/** Returns the address of a key. */
export function otpauth(secret: string, email: string, issuer: string): string {
  const name = `${encodeURIComponent(issuer)}:${encodeURIComponent(email)}`;
  return `otpauth://totp/${name}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`;
}

/** Returns a text as a QR code: the path of its dark squares, and how many squares a side has. */
export function qrCode(text: string): { path: string; size: number } {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { path: squares.join(""), size };
}

/** Returns a key in groups of four, as people read it. */
export function grouped(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
}
