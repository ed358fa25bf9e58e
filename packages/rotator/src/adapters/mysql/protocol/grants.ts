/**
 * What `SHOW GRANTS` says, as values. Sources: MariaDB's documentation of GRANT and SHOW GRANTS;
 * every shape below was read back from MariaDB 10.11 (mariadb-users.int.test.ts) or MySQL 9.7
 * (mysql-users.int.test.ts).
 */

/** Where a privilege holds. Names are kept exactly, wildcards of database names included. */
export type Scope =
  | { readonly level: 'global' }
  /** `pattern` as the server stores it: `my\_db` is one database, `my_db` also matches `myxdb`. */
  | { readonly level: 'database'; readonly pattern: string }
  | {
      readonly level: 'object'
      readonly type: ObjectType
      readonly path: readonly [string, string]
    }

/** What a grant below a database is about. Sequences and views count as tables. */
export type ObjectType =
  | 'table'
  | 'procedure'
  | 'function'
  /** MariaDB only. */
  | 'package'
  | 'package body'
  /** MySQL 9.2 and later. */
  | 'library'

/** One word of a grant, with the columns it is limited to. */
export interface Privilege {
  /** In upper case: `SELECT`, `ALL PRIVILEGES`, `GRANT OPTION`. */
  readonly name: string
  /** Set when it holds for these columns only; sorted, since the server's order is any. */
  readonly columns?: readonly string[]
}

/** One statement of `SHOW GRANTS`. */
export type Grant =
  | {
      readonly kind: 'privileges'
      readonly scope: Scope
      readonly privileges: readonly Privilege[]
    }
  | {
      readonly kind: 'role'
      readonly role: string
      /** MySQL's roles have one, MariaDB's have none. */
      readonly host?: string
      readonly admin: boolean
    }
  | {
      readonly kind: 'proxy'
      readonly user: string
      readonly host: string
      readonly admin: boolean
    }

/**
 * Reads one line of `SHOW GRANTS`. `undefined` when it grants nothing (`USAGE`, a default role).
 * `'revoked'` when it takes away what a broader grant gives (MySQL's partial revokes). `'unknown'`
 * when it is of no shape that is known. In both cases nothing may be concluded from the others.
 */
export function parseGrant(line: string): Grant | 'revoked' | 'unknown' | undefined {
  if (line.startsWith('SET DEFAULT ROLE ')) return undefined
  if (line.startsWith('REVOKE ')) return 'revoked'
  const reader = new TokenReader(line)
  if (!reader.take('GRANT')) return 'unknown'
  const tail = /[^`']*$/.exec(line)?.[0] ?? ''
  if (reader.peek().quoted) return parseRole(reader, tail)
  const privileges = parsePrivileges(reader)
  if (privileges === undefined || !reader.take('ON')) return 'unknown'
  if (privileges[0]?.name === 'PROXY') return parseProxy(reader, tail)
  const scope = parseScope(reader)
  if (scope === undefined || !reader.take('TO')) return 'unknown'
  const real = privileges.filter((privilege) => privilege.name !== 'USAGE')
  const all = / GRANT OPTION\b/.test(tail) ? [...real, { name: 'GRANT OPTION' }] : real
  return all.length === 0 ? undefined : { kind: 'privileges', scope, privileges: all }
}

function parseRole(reader: TokenReader, tail: string): Grant | 'unknown' {
  const role = reader.next().text
  const host = reader.take('@') ? reader.next() : undefined
  if (host?.quoted === false || !reader.take('TO')) return 'unknown'
  const admin = tail.includes(' ADMIN OPTION')
  return { kind: 'role', role, ...(host && { host: host.text }), admin }
}

function parseProxy(reader: TokenReader, tail: string): Grant | 'unknown' {
  const user = reader.next()
  if (!user.quoted || !reader.take('@')) return 'unknown'
  const host = reader.next()
  if (!host.quoted || !reader.take('TO')) return 'unknown'
  return { kind: 'proxy', user: user.text, host: host.text, admin: tail.includes(' GRANT OPTION') }
}

function parsePrivileges(reader: TokenReader): readonly Privilege[] | undefined {
  const privileges: Privilege[] = []
  do {
    const words: string[] = []
    while (reader.peek().word && !reader.at('ON')) words.push(reader.next().text.toUpperCase())
    if (words.length === 0) return undefined
    const columns = reader.take('(') ? parseNames(reader) : undefined
    privileges.push({ name: words.join(' '), ...(columns && { columns }) })
  } while (reader.take(','))
  return privileges
}

function parseNames(reader: TokenReader): readonly string[] {
  const names: string[] = []
  do names.push(reader.next().text)
  while (reader.take(','))
  reader.take(')')
  return names.toSorted()
}

function parseScope(reader: TokenReader): Scope | undefined {
  const type = parseType(reader)
  if (reader.take('*'))
    return reader.take('.') && reader.take('*') ? { level: 'global' } : undefined
  const database = reader.next()
  if (!database.quoted || !reader.take('.')) return undefined
  if (reader.take('*')) return { level: 'database', pattern: database.text }
  const object = reader.next()
  if (!object.quoted) return undefined
  return { level: 'object', type, path: [database.text, object.text] }
}

function parseType(reader: TokenReader): ObjectType {
  if (reader.take('PROCEDURE')) return 'procedure'
  if (reader.take('FUNCTION')) return 'function'
  if (reader.take('PACKAGE')) return reader.take('BODY') ? 'package body' : 'package'
  if (reader.take('LIBRARY')) return 'library'
  reader.take('TABLE')
  return 'table'
}

interface Token {
  readonly text: string
  readonly quoted: boolean
  readonly word: boolean
}

/** MariaDB 11.8 writes the users of a proxy as texts; one that is escaped in it stays unknown. */
const TOKEN = /\s*(?:`((?:[^`]|``)*)`|'([^'\\]*)'(?!')|([A-Za-z_]+)|(\S))/y
const END: Token = { text: '', quoted: false, word: false }

class TokenReader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(line: string) {
    const tokens: Token[] = []
    const pattern = new RegExp(TOKEN)
    for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
      const [, name, plain, word, sign] = match
      if (name !== undefined)
        tokens.push({ text: name.replaceAll('``', '`'), quoted: true, word: false })
      else if (plain !== undefined) tokens.push({ text: plain, quoted: true, word: false })
      else tokens.push({ text: word ?? sign ?? '', quoted: false, word: word !== undefined })
    }
    this.#tokens = tokens
  }

  peek(): Token {
    return this.#tokens[this.#at] ?? END
  }

  next(): Token {
    const token = this.peek()
    this.#at += 1
    return token
  }

  at(text: string): boolean {
    const token = this.peek()
    return !token.quoted && token.text === text
  }

  take(text: string): boolean {
    const matches = this.at(text)
    if (matches) this.#at += 1
    return matches
  }
}
