// Signs and checks the tokens that say who is calling: JWT, HS256, with an end.
import { errors, jwtVerify, SignJWT } from 'jose';

const issuer = 'mainstay-reference-backend';
const audience = 'mainstay-reference-backend';

export type TokenProblem = 'expired' | 'invalid';

export class Tokens {
  readonly lifetimeSeconds: number;
  readonly #key: Uint8Array;

  constructor(options: { secret: string; lifetimeSeconds: number }) {
    this.#key = new TextEncoder().encode(options.secret);
    this.lifetimeSeconds = options.lifetimeSeconds;
  }

  sign(user: string): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(user)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${this.lifetimeSeconds}s`)
      .sign(this.#key);
  }

  /** The user, or what is wrong with the token. */
  async verify(token: string): Promise<{ user: string } | { problem: TokenProblem }> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        // Named, so that a token cannot choose: neither `none` nor anything else passes.
        algorithms: ['HS256'],
        issuer,
        audience,
        requiredClaims: ['sub', 'exp'],
      });
      return payload.sub ? { user: payload.sub } : { problem: 'invalid' };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { problem: 'expired' };
      if (error instanceof errors.JOSEError) return { problem: 'invalid' };
      throw error;
    }
  }
}
