import type { Call } from '../../ports/call.ts'
import type { Session } from '../../ports/database.ts'
import type { Endpoint } from '../common/tls.ts'
import type { Link } from './link.ts'

/**
 * Address and backend type are NULL for other roles' sessions unless the admin has
 * pg_read_all_stats. Parallel workers belong to a session that is listed anyway.
 * Source: PostgreSQL documentation, pg_stat_activity.
 */
const ACTIVITY = `
  SELECT usename AS username, host(client_addr) AS client, application_name AS application,
         pid || ' ' || extract(epoch FROM backend_start) AS process
  FROM pg_catalog.pg_stat_activity
  WHERE usename = ANY($1::text[]) AND backend_type IS DISTINCT FROM 'parallel worker'
  ORDER BY backend_start, pid`

/** A prepared transaction outlives its session and keeps its owner's locks and rights. */
const PREPARED = `
  SELECT owner AS username, NULL AS client, 'prepared transaction ' || gid AS application,
         NULL AS process
  FROM pg_catalog.pg_prepared_xacts WHERE owner = ANY($1::text[]) ORDER BY prepared`

const OWN = `
  SELECT pid || ' ' || extract(epoch FROM backend_start) AS process
  FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`

interface Row {
  readonly username: string
  readonly client: string | null
  readonly application: string | null
  readonly process: string | null
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
    const links = [this.#writer]
    for (const reader of this.#readers) links.push(await this.#reader(reader, call))
    for (const link of links) await this.#know(link, call)
    const values = [usernames]
    const operation = 'list sessions'
    const found: Session[] = []
    for (const link of links) {
      const rows = [...(await link.query<Row>({ sql: ACTIVITY, values, operation }, call))]
      if (link === this.#writer)
        rows.push(...(await link.query<Row>({ sql: PREPARED, values, operation }, call)))
      const own = new Set(this.#own.values())
      const others = rows.filter(({ process }) => process === null || !own.has(process))
      found.push(...others.map((row) => toSession(row, link.endpoint)))
    }
    return found
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

function toSession({ username, client, application }: Row, endpoint: string): Session {
  return { username, client: client ?? '', application: application ?? '', endpoint }
}
