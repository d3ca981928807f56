/** Cognito's API for signing in: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/. */

export interface Tokens {
  idToken: string;
  accessToken: string;
  /** Missing in the answer to a refresh. */
  refreshToken?: string;
  /** When the id token expires, in milliseconds since 1970. */
  expiresAt: number;
}

/** What the pool asks for after the password: a new one, the code of an authenticator, or to set one up. */
export interface Challenge {
  kind: "password" | "code" | "setup";
  email: string;
  /** The user as the pool names it in its answers. */
  username: string;
  session: string;
  /** The key of the authenticator to set up. */
  secret?: string;
}

export class CognitoError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface AuthAnswer {
  AuthenticationResult?: { IdToken: string; AccessToken: string; RefreshToken?: string; ExpiresIn: number };
  ChallengeName?: string;
  Session?: string;
  ChallengeParameters?: Record<string, unknown>;
}

const WRONG = "The email or the password is wrong.";
const TOO_MANY = "Too many attempts. Wait a moment and try again.";
const WRONG_CODE = "The code is wrong or has expired. Enter the one that the app shows now.";
const MESSAGES: Record<string, string> = {
  NotAuthorizedException: WRONG,
  UserNotFoundException: WRONG,
  InvalidPasswordException: "The new password doesn't meet the rules: at least 12 characters, with upper and lower case, a digit and a symbol.",
  PasswordResetRequiredException: "Your password must be reset. Ask an administrator.",
  UserNotConfirmedException: "This user has not been confirmed. Ask an administrator.",
  TooManyRequestsException: TOO_MANY,
  LimitExceededException: TOO_MANY,
  TooManyFailedAttemptsException: TOO_MANY,
  CodeMismatchException: WRONG_CODE,
  ExpiredCodeException: WRONG_CODE,
  EnableSoftwareTokenMFAException: WRONG_CODE,
};

/** Cognito ends a challenge after three minutes, and after a wrong answer. */
const ENDED = "The sign-in took too long. Go back and sign in again.";

export class Cognito {
  constructor(
    private readonly endpoint: string,
    private readonly clientId: string,
  ) {}

  /** Signs in. Returns tokens, or what the pool asks for in addition. */
  async signIn(email: string, password: string): Promise<Tokens | Challenge> {
    const parameters = { USERNAME: email, PASSWORD: password };
    return this.outcome(email, await this.authenticate("USER_PASSWORD_AUTH", parameters));
  }

  /** Answers a challenge with the new password, or with the code that the authenticator shows. */
  async respond(challenge: Challenge, answer: string): Promise<Tokens | Challenge> {
    if (challenge.kind === "password") return this.answer(challenge, "NEW_PASSWORD_REQUIRED", { NEW_PASSWORD: answer });
    if (challenge.kind === "code") return this.answer(challenge, "SOFTWARE_TOKEN_MFA", { SOFTWARE_TOKEN_MFA_CODE: answer });
    const verified = (await this.call("VerifySoftwareToken", { Session: challenge.session, UserCode: answer }, ENDED)) as { Session?: string };
    return this.answer({ ...challenge, session: verified.Session ?? challenge.session }, "MFA_SETUP", {});
  }

  /** Returns new tokens for a refresh token. */
  async refresh(token: string): Promise<Tokens> {
    const outcome = await this.outcome("", await this.authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: token }));
    if (!("idToken" in outcome)) throw new CognitoError("Challenge", "Sign in again.");
    return outcome;
  }

  /** Ends a refresh token. */
  async revoke(token: string): Promise<void> {
    await this.call("RevokeToken", { ClientId: this.clientId, Token: token });
  }

  private async authenticate(flow: string, parameters: Record<string, string>): Promise<AuthAnswer> {
    const request = { AuthFlow: flow, ClientId: this.clientId, AuthParameters: parameters };
    return (await this.call("InitiateAuth", request)) as AuthAnswer;
  }

  private async answer(challenge: Challenge, name: string, responses: Record<string, string>): Promise<Tokens | Challenge> {
    const request = { ClientId: this.clientId, ChallengeName: name, Session: challenge.session, ChallengeResponses: { USERNAME: challenge.username, ...responses } };
    return this.outcome(challenge.email, (await this.call("RespondToAuthChallenge", request, ENDED)) as AuthAnswer);
  }

  private async outcome(email: string, answer: AuthAnswer): Promise<Tokens | Challenge> {
    const result = answer.AuthenticationResult;
    if (result) {
      return {
        idToken: result.IdToken,
        accessToken: result.AccessToken,
        expiresAt: Date.now() + result.ExpiresIn * 1000,
        ...(result.RefreshToken ? { refreshToken: result.RefreshToken } : {}),
      };
    }
    return this.challenge(email, answer);
  }

  private async challenge(email: string, answer: AuthAnswer): Promise<Tokens | Challenge> {
    const named = answer.ChallengeParameters?.USER_ID_FOR_SRP;
    const asked = { email, username: typeof named === "string" ? named : email, session: answer.Session ?? "" };
    switch (answer.ChallengeName) {
      case "NEW_PASSWORD_REQUIRED":
        return { ...asked, kind: "password" };
      case "SOFTWARE_TOKEN_MFA":
        return { ...asked, kind: "code" };
      case "SELECT_MFA_TYPE":
        return this.answer({ ...asked, kind: "code" }, "SELECT_MFA_TYPE", { ANSWER: "SOFTWARE_TOKEN_MFA" });
      case "MFA_SETUP": {
        const begun = (await this.call("AssociateSoftwareToken", { Session: asked.session })) as { SecretCode: string; Session?: string };
        return { ...asked, kind: "setup", secret: begun.SecretCode, session: begun.Session ?? asked.session };
      }
      default:
        throw new CognitoError("Challenge", `This console can't answer the challenge ${answer.ChallengeName ?? ""}. Sign in with the command line instead.`);
    }
  }

  /** @param refused What a refusal means here; by default that the email or the password is wrong. */
  private async call(operation: string, body: unknown, refused?: string): Promise<unknown> {
    const answer = await fetch(`${this.endpoint}/`, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(body),
      credentials: "omit",
    });
    const text = await answer.text();
    const document = (text ? JSON.parse(text) : {}) as { __type?: string; message?: string };
    if (!answer.ok) {
      const code = document.__type?.split("#").pop() ?? `status ${answer.status}`;
      const known = code === "NotAuthorizedException" ? (refused ?? WRONG) : MESSAGES[code];
      throw new CognitoError(code, known ?? document.message ?? `Signing in failed (${code}).`);
    }
    return document;
  }
}
