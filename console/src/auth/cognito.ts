/** Cognito's API for signing in: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/. */

export interface Tokens {
  idToken: string;
  accessToken: string;
  /** Missing in the answer to a refresh. */
  refreshToken?: string;
  /** When the id token expires, in milliseconds since 1970. */
  expiresAt: number;
}

export interface Challenge {
  email: string;
  session: string;
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
  ChallengeParameters?: { USER_ID_FOR_SRP?: string };
}

const MESSAGES: Record<string, string> = {
  NotAuthorizedException: "The email or the password is wrong.",
  UserNotFoundException: "The email or the password is wrong.",
  InvalidPasswordException: "The new password doesn't meet the rules: at least 12 characters, with upper and lower case, a digit and a symbol.",
  PasswordResetRequiredException: "Your password must be reset. Ask an administrator.",
  TooManyRequestsException: "Too many attempts. Wait a moment and try again.",
  LimitExceededException: "Too many attempts. Wait a moment and try again.",
};

export class Cognito {
  constructor(
    private readonly endpoint: string,
    private readonly clientId: string,
  ) {}

  /** Signs in. Returns tokens, or a challenge if a new password must be chosen first. */
  async signIn(email: string, password: string): Promise<Tokens | Challenge> {
    const parameters = { USERNAME: email, PASSWORD: password };
    return this.outcome(email, await this.authenticate("USER_PASSWORD_AUTH", parameters));
  }

  /** Answers the challenge with the password that the user has chosen. */
  async choosePassword(challenge: Challenge, password: string): Promise<Tokens | Challenge> {
    const answer = await this.call("RespondToAuthChallenge", {
      ClientId: this.clientId,
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.email, NEW_PASSWORD: password },
    });
    return this.outcome(challenge.email, answer as AuthAnswer);
  }

  /** Returns new tokens for a refresh token. */
  async refresh(token: string): Promise<Tokens> {
    const outcome = this.outcome("", await this.authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: token }));
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

  private outcome(email: string, answer: AuthAnswer): Tokens | Challenge {
    const result = answer.AuthenticationResult;
    if (result) {
      return {
        idToken: result.IdToken,
        accessToken: result.AccessToken,
        expiresAt: Date.now() + result.ExpiresIn * 1000,
        ...(result.RefreshToken ? { refreshToken: result.RefreshToken } : {}),
      };
    }
    if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED" && answer.Session) {
      return { email: answer.ChallengeParameters?.USER_ID_FOR_SRP ?? email, session: answer.Session };
    }
    throw new CognitoError("Challenge", `This console can't answer the challenge ${answer.ChallengeName ?? ""}.`);
  }

  private async call(operation: string, body: unknown): Promise<unknown> {
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
      throw new CognitoError(code, MESSAGES[code] ?? document.message ?? `Signing in failed (${code}).`);
    }
    return document;
  }
}
