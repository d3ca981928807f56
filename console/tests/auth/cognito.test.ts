import { beforeEach, expect, it, vi } from "vitest";
import { Cognito, type Challenge, type Tokens } from "../../src/auth/cognito";

const TOKENS = { AuthenticationResult: { IdToken: "i", AccessToken: "a", RefreshToken: "r", ExpiresIn: 3600 } };
const asked: [string, Record<string, unknown>][] = [];
let answers: [number, unknown][] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (_: string, { headers, body }: { headers: Record<string, string>; body: string }) => {
    asked.push([headers["X-Amz-Target"]?.split(".")[1] ?? "", JSON.parse(body) as Record<string, unknown>]);
    const [status, answer] = answers.shift() ?? [500, {}];
    return Promise.resolve(new Response(JSON.stringify(answer), { status }));
  });
});

const pool = new Cognito("http://pool", "client");

it("asks for the code of an authenticator, and signs in with it", async () => {
  answers = [[200, { ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "s", ChallengeParameters: { USER_ID_FOR_SRP: "id-1" } }], [200, TOKENS]];
  const challenge = (await pool.signIn("ada@example.com", "p")) as Challenge;
  expect(challenge).toMatchObject({ kind: "code", email: "ada@example.com", username: "id-1", session: "s" });
  expect((await pool.respond(challenge, "123456")) as Tokens).toMatchObject({ idToken: "i", refreshToken: "r" });
  expect(asked[1]).toEqual(["RespondToAuthChallenge", { ClientId: "client", ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "s", ChallengeResponses: { USERNAME: "id-1", SOFTWARE_TOKEN_MFA_CODE: "123456" } }]);
});

it("sets an authenticator up after the new password", async () => {
  answers = [
    [200, { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "1" }],
    [200, { ChallengeName: "MFA_SETUP", Session: "2" }],
    [200, { SecretCode: "KEY", Session: "3" }],
    [200, { Status: "SUCCESS", Session: "4" }],
    [200, TOKENS],
  ];
  const first = (await pool.signIn("a@b.c", "p")) as Challenge;
  const second = (await pool.respond(first, "new")) as Challenge;
  expect([first.kind, second.kind, second.secret]).toEqual(["password", "setup", "KEY"]);
  await pool.respond(second, "123456");
  expect(asked.map(([operation, { Session }]) => [operation, Session])).toEqual([
    ["InitiateAuth", undefined],
    ["RespondToAuthChallenge", "1"],
    ["AssociateSoftwareToken", "2"],
    ["VerifySoftwareToken", "3"],
    ["RespondToAuthChallenge", "4"],
  ]);
});

it("chooses the authenticator where there is a choice", async () => {
  answers = [[200, { ChallengeName: "SELECT_MFA_TYPE", Session: "1" }], [200, { ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "2" }]];
  expect(await pool.signIn("a@b.c", "p")).toMatchObject({ kind: "code", session: "2" });
});

it("says what a refusal means at each step", async () => {
  const refused: [number, unknown] = [400, { __type: "NotAuthorizedException", message: "x" }];
  answers = [refused];
  await expect(pool.signIn("a@b.c", "p")).rejects.toThrow("The email or the password is wrong.");
  const challenge: Challenge = { kind: "code", email: "a", username: "a", session: "s" };
  answers = [refused];
  await expect(pool.respond(challenge, "1")).rejects.toThrow("The sign-in took too long.");
  answers = [[400, { __type: "com.amazonaws#CodeMismatchException", message: "x" }]];
  await expect(pool.respond(challenge, "1")).rejects.toThrow("The code is wrong");
  answers = [[200, { ChallengeName: "CUSTOM_CHALLENGE", Session: "s" }]];
  await expect(pool.signIn("a@b.c", "p")).rejects.toThrow("CUSTOM_CHALLENGE");
});
