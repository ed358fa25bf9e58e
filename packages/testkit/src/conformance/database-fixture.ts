import { randomBytes } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { Endpoint, TlsSetting } from '../../../rotator/src/adapters/common/tls.ts'
import { isRotatorError } from '../../../rotator/src/errors.ts'
import type { ErrorCode } from '../../../rotator/src/errors.ts'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type { AdminSession, Database } from '../../../rotator/src/ports/database.ts'

/** An application's open connection to the server. */
export interface OpenSession extends AsyncDisposable {
  /** Runs a query; rejects when the session is gone. */
  work(): Promise<void>
}

/**
 * One engine with a real server, as the conformance suite needs it. Arranging is done with the
 * server's superuser over connections that `admin` does not own.
 */
export interface DatabaseFixture extends AsyncDisposable {
  /** A server on 127.0.0.1 with a verified certificate for `localhost` and `127.0.0.1`. */
  readonly endpoint: Endpoint
  /** PEM text of the CA that signed the server's certificate. */
  readonly ca: string
  /** PEM text of a CA that did not. */
  readonly untrustedCa: string
  /** An admin as customers have it: no superuser. */
  readonly admin: Credential
  /** True when `Session.application` and the lock's `by` name the application. */
  readonly showsApplication: boolean
  /** True when the server lists logins that are under way. */
  readonly showsOpenLogins: boolean
  /** True when the server counts the logins of each user. */
  readonly countsLogins: boolean
  /** The adapter under test. */
  database(options: { readonly endpoints: readonly Endpoint[]; readonly tls: TlsSetting }): Database
  /** Makes a user who may log in: with the rights of an application, or with none. */
  createUser(username: string, password: Sensitive, rights: 'application' | 'none'): Promise<void>
  /** Takes one right of `application` from the user; returns how a comparison must name it. */
  revokeOne(username: string): Promise<RegExp>
  /** Leaves a user as an interrupted `provision` may: locked, never used, with rights missing. */
  halfMake(username: string): Promise<void>
  /** Does what only a user with the rights of `application` can do, in a session of its own. */
  useRights(credential: Credential): Promise<void>
  /** Opens an application's session straight to the server; it tells the credential's version. */
  openSession(credential: Credential, application: string): Promise<OpenSession>
  /** Ends all sessions of this user from the server's side. */
  killSessions(username: string): Promise<void>
  /** Connects like a client and does not finish the login, until disposed. */
  beginLogin(): Promise<AsyncDisposable>
  /** Lets the admin end sessions of others, in sessions that it opens until this is disposed. */
  letEndSessions(): Promise<AsyncDisposable>
  /** Takes every connection that the server has for ordinary users, until disposed. */
  exhaust(): Promise<AsyncDisposable>
  /** Starts a server that offers no TLS. */
  plaintextServer(): Promise<{ readonly endpoint: Endpoint } & AsyncDisposable>
  /** Everything that the server has logged, statements included. */
  log(): Promise<string>
}

/** The fixture of the running suite with the shorthands that every part of it uses. */
export interface Suite {
  readonly fixture: DatabaseFixture
  /** The adapter on the fixture's own endpoint, verified. */
  readonly db: Database
  /** The adapter on another port of 127.0.0.1, verified. */
  at(port: number): Database
  /** A credential of this user, as a secret store would hold it. */
  credential(username: string, password: Sensitive): Credential
  /** An admin session with the lock of a target that nobody else uses, unless one is named. */
  admin(options?: {
    readonly db?: Database
    readonly target?: string
    readonly lock?: 'take' | 'look'
    readonly holder?: string
  }): Promise<AdminSession>
  /** Makes an application's user and returns its credential. */
  application(username: string): Promise<Credential>
  /** A new password; it is searched for in the server's log when the suite ends. */
  canary(text?: string): Sensitive
  /** All passwords that {@link canary} has made. */
  readonly canaries: readonly Sensitive[]
}

/** Builds the shorthands around a fixture. */
export function makeSuite(fixture: DatabaseFixture): Suite {
  const canaries: Sensitive[] = []
  const at = (port: number): Database =>
    fixture.database({
      endpoints: [{ host: '127.0.0.1', port }],
      tls: { mode: 'verify', ca: fixture.ca },
    })
  const db = at(fixture.endpoint.port)
  let targets = 0
  const suite: Suite = {
    fixture,
    db,
    at,
    canaries,
    credential: (username, password) => ({ ...fixture.admin, username, password }),
    admin: ({ db: through = db, target, lock = 'take', holder = 'suite' } = {}) =>
      through.admin(
        fixture.admin,
        { target: target ?? `target ${(targets += 1)}`, lock, holder },
        soon(),
      ),
    async application(username) {
      const credential = suite.credential(username, suite.canary())
      await fixture.createUser(username, credential.password, 'application')
      return credential
    },
    canary(text = randomBytes(18).toString('hex')) {
      const password = new Sensitive(text, 'canary password')
      canaries.push(password)
      return password
    },
  }
  return suite
}

/** A call with a deadline that only a broken adapter reaches. */
export function soon(): Call {
  return within(20_000)
}

/** A call with a deadline after `ms` milliseconds. */
export function within(ms: number): Call {
  return { signal: AbortSignal.timeout(ms) }
}

/** The endpoint of a database that has one. */
export function writer(db: Database): string {
  return db.endpoints[0] ?? ''
}

/** The error code with which something rejects; `none` when it does not reject. */
export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'none' | 'not ours'> {
  try {
    await work
    return 'none'
  } catch (error) {
    return isRotatorError(error) ? error.code : 'not ours'
  }
}
