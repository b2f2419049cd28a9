import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Lets a browser in without a token in each request, by a cookie that holds no secret of the node.
 *
 * Nothing is kept: a cookie is good as long as this process runs, its time is not over, and the token is still the same.
 */
export type Sessions = {
  /** The value of a new cookie. @param tokenSha256 of the token that was presented; undefined where there is none */
  issue(tokenSha256: string | undefined): string;
  /** Whether a cookie is one of these, for the token that holds now. */
  isGood(cookie: string, tokenSha256: string | undefined): boolean;
  /** What a page must send along to change something: nobody else can know it. */
  csrfOf(cookie: string): string;
};

const cookieName = "stuntdouble_session";
/** How long a login lasts. */
export const sessionSeconds = 12 * 60 * 60;

/** @param now milliseconds since 1970 */
export function createSessions(now: () => number): Sessions {
  const key = randomBytes(32);
  const sign = (text: string): string => createHmac("sha256", key).update(text).digest("base64url");
  const signed = (head: string, tokenSha256 = "none"): string => sign(`session ${head} ${tokenSha256}`);
  return {
    issue(tokenSha256) {
      const head = `${now() + sessionSeconds * 1000}.${randomBytes(16).toString("base64url")}`;
      return `${head}.${signed(head, tokenSha256)}`;
    },
    isGood(cookie, tokenSha256) {
      const [until = "", nonce = "", signature = ""] = cookie.split(".");
      return isSame(signature, signed(`${until}.${nonce}`, tokenSha256)) && Number(until) > now();
    },
    csrfOf: (cookie) => sign(`csrf ${cookie}`),
  };
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}

/** The session cookie of a request. @param header `Cookie` */
export function sessionIn(header: string | undefined): string | undefined {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
}

/** The `Set-Cookie` of a session; without a value it ends. */
export function setCookie(value = ""): string {
  const age = value === "" ? 0 : sessionSeconds;
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}`;
}
