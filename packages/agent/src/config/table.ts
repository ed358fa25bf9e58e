import { similar } from './similar.ts'

/** What a number must be. */
export interface NumberRule {
  readonly min: number
  readonly max: number
  readonly fallback: number
  /** A value below `min` that means something of its own. */
  readonly also?: number
}

/** What a text must be: says what is wrong with it, or nothing. */
export type TextRule = (text: string) => string | undefined

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/**
 * One table of a configuration: hands out its values and collects all that is wrong with them, in
 * `problems`, which all tables of one configuration share. A value that is wrong reads as absent.
 */
export class Table {
  readonly #values: ReadonlyMap<string, unknown>
  readonly #problems: string[]
  readonly #path: string
  readonly #known: string[] = []

  constructor(value: unknown, problems: string[], path = '') {
    this.#problems = problems
    this.#path = path
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value)
    this.#values = new Map(isTable ? Object.entries(value) : [])
    if (!isTable) problems.push(`${path || 'the configuration'}: must be a table`)
  }

  /** A whole number, or a text that spells one. */
  number(key: string, { min, max, fallback, also }: NumberRule): number {
    const value = this.#take(key)
    if (value === undefined) return fallback
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
    const isWhole = typeof number === 'number' && Number.isInteger(number)
    if (isWhole && ((number >= min && number <= max) || number === also)) return number
    this.#wrong(key, `must be a whole number from ${min} to ${max}`)
    return fallback
  }

  /** `true` or `false`, or a text that spells one. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.#take(key)
    if (value === undefined) return fallback
    const flag = typeof value === 'string' ? FLAGS.get(value.toLowerCase()) : value
    if (typeof flag === 'boolean') return flag
    this.#wrong(key, 'must be true or false')
    return fallback
  }

  /** A text that keeps the rule. */
  text(key: string, rule: TextRule): string | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    const problem = typeof value === 'string' ? rule(value) : 'must be a text'
    if (problem !== undefined) this.#wrong(key, problem)
    return typeof value === 'string' && problem === undefined ? value : undefined
  }

  /** One text or more, each of which keeps the rule. */
  texts(key: string, fallback: readonly string[], rule: TextRule): readonly string[] {
    const value = this.#take(key)
    if (value === undefined) return fallback
    const list: readonly unknown[] = Array.isArray(value) ? value : []
    const texts = list.filter((item) => typeof item === 'string')
    if (list.length === 0 || texts.length < list.length)
      this.#wrong(key, 'must be a list of at least one text, and of nothing else')
    for (const text of texts) {
      const problem = rule(text)
      if (problem !== undefined) this.#wrong(key, `${JSON.stringify(text)}: ${problem}`)
    }
    return texts
  }

  /** A table within this one; empty where there is none. */
  table(key: string): Table {
    return new Table(this.#take(key) ?? {}, this.#problems, this.#pathOf(key))
  }

  /** A list of tables, with the name of each for problems. */
  tables(key: string): readonly Table[] {
    const value = this.#take(key)
    if (value !== undefined && !Array.isArray(value)) this.#wrong(key, 'must be a list of tables')
    const list: readonly unknown[] = Array.isArray(value) ? value : []
    return list.map((item, at) => new Table(item, this.#problems, `${this.#pathOf(key)}[${at}]`))
  }

  /** Names something that is wrong with a value. */
  wrong(key: string, problem: string): void {
    this.#wrong(key, problem)
  }

  /** Call it last: whatever was not asked for is not known. */
  finish(): void {
    for (const key of this.#values.keys()) {
      if (this.#known.includes(key)) continue
      const meant = similar(key, this.#known)
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`
      this.#problems.push(`${this.#pathOf(shown(key))}: no such key${hint}`)
    }
  }

  #take(key: string): unknown {
    this.#known.push(key)
    return this.#values.get(key)
  }

  #pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }

  #wrong(key: string, problem: string): void {
    this.#problems.push(`${this.#pathOf(key)}: ${problem}`)
  }
}

/** A key that nobody knows may be anything: it stays one short line. */
function shown(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64))
}
