import { expect, it } from "vitest";
import { grouped, otpauth, qrCode } from "../../src/auth/authenticator";

it("writes the address of a key", () => {
  expect(otpauth("ABC", "ada+1@example.com", "Workflows x")).toBe("otpauth://totp/Workflows%20x:ada%2B1%40example.com?secret=ABC&issuer=Workflows%20x");
  expect(grouped("ABCDEFGHI")).toBe("ABCD EFGH I");
});

it("draws a code with its three corner marks", () => {
  const { path, size } = qrCode("otpauth://totp/a?secret=B");
  const dark = new Set([...path.matchAll(/M(\d+) (\d+)/g)].map(([, x, y]) => `${x},${y}`));
  const mark = (x: number, y: number) => [0, 6].every((step) => dark.has(`${x + step},${y}`) && dark.has(`${x},${y + step}`)) && !dark.has(`${x + 1},${y + 1}`) && dark.has(`${x + 3},${y + 3}`);
  expect([mark(2, 2), mark(size - 9, 2), mark(2, size - 9)]).toEqual([true, true, true]);
});
