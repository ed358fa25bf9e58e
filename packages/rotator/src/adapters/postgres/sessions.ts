import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Session } from '../../ports/database.ts'
import { versionInName } from '../common/credential-version.ts'
import type { Endpoint } from '../common/tls.ts'
import type { Link } from './link.ts'

/** A number that the system may give again, and the moment at which this process started. */
const PROCESS = `pid || ' ' || coalesce(extract(epoch FROM backend_start)::text, '')`

/**
 * Address, start and backend type are NULL for other roles' sessions unless the admin has
 * pg_read_all_stats or the rights of the role. Parallel workers belong to a session that is listed
 * anyway. Source: PostgreSQL documentation, pg_stat_activity.
 */
const ACTIVITY = `
  SELECT usename AS username, host(client_addr) AS client, application_name AS application,
         ${PROCESS} AS process
  FROM pg_catalog.pg_stat_activity
  WHERE usename = ANY($1::text[]) AND backend_type IS DISTINCT FROM 'parallel worker'
  ORDER BY backend_start, pid`

/** Begins the id of a prepared transaction, which has no server process. */
const WAITING = 'prepared '

/**
 * A prepared transaction outlives its session, and only its owner or a superuser can finish it: a
 * transaction manager that has moved to the other slot could not. Whoever works as an owner role
 * prepares as that role, and either slot can finish it; such a one holds nobody up.
 * Source: PostgreSQL documentation, COMMIT PREPARED; test "a prepared transaction of an owner role
 * is nobody's session".
 */
const PREPARED = `
  SELECT owner AS username, NULL AS client, 'prepared transaction ' || gid AS application,
         '${WAITING}' || transaction || ' ' || extract(epoch FROM prepared) AS process
  FROM pg_catalog.pg_prepared_xacts WHERE owner = ANY($1::text[]) ORDER BY prepared`

/**
 * Connections between the startup packet and the end of authentication. Their role is not set yet.
 * Source: PostgreSQL 18 documentation, pg_stat_activity (state `starting`); earlier versions list
 * a connection only once it is let in.
 */
const STARTING = `
  SELECT ${PROCESS} AS process FROM pg_catalog.pg_stat_activity
  WHERE usename IS NULL AND backend_type = 'client backend'`

const OWN = `
  SELECT ${PROCESS} AS process
  FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`

/**
 * The number alone could mean a later session by now.
 * Source: PostgreSQL documentation, pg_terminate_backend; it can wait itself since 14 only.
 */
const END = `
  SELECT pg_terminate_backend(pid)
  FROM pg_catalog.pg_stat_activity WHERE ${PROCESS} = $1`

/** No row once the session is gone; else an answer after 50 ms. */
const STILL_THERE = `
  SELECT pg_sleep(0.05)
  FROM pg_catalog.pg_stat_activity WHERE $1 = ${PROCESS}`

/** So often is a session looked at that was told to end: five seconds. */
const LOOKS = 100

interface Row {
  readonly username: string
  readonly client: string | null
  readonly application: string | null
  readonly process: string
}

/** Sees sessions on the writer, and on readers over connections opened when first needed. */
export class SessionsView implements AsyncDisposable {
  readonly #writer: Link
  readonly #readers: readonly Endpoint[]
  readonly #connect: (endpoint: Endpoint, call: Call) => Promise<Link>
  readonly #links = new Map<Endpoint, Link>()
  /** Our own server processes, told from others by number and start. */
  readonly #own = new Map<Link, string>()

  constructor(
    writer: Link,
    readers: readonly Endpoint[],
    connect: (endpoint: Endpoint, call: Call) => Promise<Link>,
  ) {
    this.#writer = writer
    this.#readers = readers
    this.#connect = connect
  }

  /** The sessions of these users everywhere, and their prepared transactions, without our own. */
  async of(usernames: readonly string[], call: Call): Promise<readonly Session[]> {
    const links = await this.#all(call)
    const values = [usernames]
    const operation = 'list sessions'
    const found: Session[] = []
    for (const link of links) {
      const rows = [...(await link.query<Row>({ sql: ACTIVITY, values, operation }, call))]
      if (link === this.#writer)
        rows.push(...(await link.query<Row>({ sql: PREPARED, values, operation }, call)))
      const own = new Set(this.#own.values())
      const others = rows.filter(({ process }) => !own.has(process))
      found.push(...others.map((row) => toSession(row, link.endpoint)))
    }
    return found
  }

  /** Logins that are under way, on every endpoint. */
  async openLogins(call: Call): Promise<readonly string[]> {
    const found: string[] = []
    for (const link of await this.#all(call)) {
      const statement = { sql: STARTING, operation: 'list logins under way' }
      const rows = await link.query<Pick<Row, 'process'>>(statement, call)
      found.push(...rows.map((row) => `${row.process} on ${link.endpoint}`))
    }
    return found
  }

  /**
   * Ends these sessions where they were seen, but never our own. A prepared transaction is nobody's
   * connection: it stays until its manager finishes it.
   * @throws ERR_DB_DENIED when the admin may not end one, or may not see when it started
   */
  async end(sessions: readonly Session[], call: Call): Promise<void> {
    const links = await this.#all(call)
    const own = new Set(this.#own.values())
    for (const { id, endpoint, username } of sessions) {
      const link = links.find((one) => one.endpoint === endpoint)
      if (!link || own.has(id) || id.startsWith(WAITING)) continue
      const operation = `end a session of ${username}`
      if (id.endsWith(' '))
        throw new RotatorError('ERR_DB_DENIED', { endpoint, username: link.username, operation })
      await link.query({ sql: END, values: [id], operation }, call)
      await untilGone(link, { id, operation }, call)
    }
  }

  /** A connection to every endpoint, each of which knows its own server process. */
  async #all(call: Call): Promise<readonly Link[]> {
    const links = [this.#writer]
    for (const reader of this.#readers) links.push(await this.#reader(reader, call))
    for (const link of links) await this.#know(link, call)
    return links
  }

  async #reader(endpoint: Endpoint, call: Call): Promise<Link> {
    const open = this.#links.get(endpoint)
    if (open && !open.dead) return open
    if (open) this.#own.delete(open)
    const link = await this.#connect(endpoint, call)
    this.#links.set(endpoint, link)
    return link
  }

  async #know(link: Link, call: Call): Promise<void> {
    if (this.#own.has(link)) return
    const [row] = await link.query<{ process: string }>(
      { sql: OWN, operation: 'know itself' },
      call,
    )
    if (row) this.#own.set(link, row.process)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links.values()) await link[Symbol.asyncDispose]()
  }
}

async function untilGone(
  link: Link,
  { id, operation }: { readonly id: string; readonly operation: string },
  call: Call,
): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const rows = await link.query({ sql: STILL_THERE, values: [id], operation }, call)
    if (rows.length === 0) return
  }
}

function toSession(row: Row, endpoint: string): Session {
  const { username, process: id } = row
  const application = row.application ?? ''
  const credentialVersion = versionInName(application)
  return { username, client: row.client ?? '', application, endpoint, id, credentialVersion }
}
