import type { WriteStream } from 'node:tty'

const REDRAW_MS = 200
const PLAIN_STATUS_MS = 5000

/** What the screen shows below what was said: made anew for each drawing. */
export type LiveLines = (style: Style) => readonly string[]

/** Colours, or none. */
export interface Style {
  readonly columns: number
  readonly paint: (text: string, colour: Colour) => string
}

export type Colour = 'blue' | 'orange' | 'red' | 'green' | 'dim' | 'bold'

/** SGR parameters; 38;5 picks from the 256 colours. Source: ECMA-48, xterm control sequences. */
const CODES: Readonly<Record<Colour, string>> = {
  blue: '38;5;75',
  orange: '38;5;214',
  red: '31',
  green: '32',
  dim: '2',
  bold: '1',
}

/**
 * Progress for whoever watches: on a terminal one block that is redrawn a few times a second below
 * the lines that stay, elsewhere plain lines. Colours only on a terminal, and not with NO_COLOR.
 */
export class Screen {
  readonly #out: WriteStream
  readonly #live: boolean
  readonly #colours: boolean
  #lines: LiveLines = () => []
  #drawn = 0
  #timer: NodeJS.Timeout | undefined

  constructor(out: WriteStream) {
    this.#out = out
    this.#live = out.isTTY && process.env['TERM'] !== 'dumb'
    const noColour = process.env['NO_COLOR']
    this.#colours = this.#live && (noColour === undefined || noColour === '')
  }

  /** Begins to show the block. */
  start(lines: LiveLines): void {
    this.#lines = lines
    const everyMs = this.#live ? REDRAW_MS : PLAIN_STATUS_MS
    this.#timer = setInterval(() => this.#tick(), everyMs)
  }

  /** A line that stays. */
  say(text: string): void {
    this.#erase()
    this.#out.write(`${text}\n`)
    this.#draw()
  }

  /** A line that stays where there is no block to show it. */
  detail(text: string): void {
    if (!this.#live) this.say(text)
  }

  /** Takes the block away. */
  stop(): void {
    clearInterval(this.#timer)
    this.#erase()
    this.#lines = () => []
  }

  #tick(): void {
    if (this.#live) {
      this.#erase()
      this.#draw()
    } else for (const line of this.#lines(this.#style()).slice(0, 1)) this.say(line.trim())
  }

  #style(): Style {
    const paint = (text: string, colour: Colour): string =>
      this.#colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text
    return { columns: Math.min(this.#out.columns || 80, 100), paint }
  }

  /** The cursor goes up to the block's first line, and all below is cleared. */
  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[J`)
    this.#drawn = 0
  }

  #draw(): void {
    if (!this.#live || this.#timer === undefined) return
    const lines = this.#lines(this.#style())
    // Lines are not wrapped while the block is shown, or its height would not be known.
    this.#out.write(`\u001b[?7l${lines.map((line) => `${line}\n`).join('')}\u001b[?7h`)
    this.#drawn = lines.length
  }
}
