import { styleText } from 'node:util'

/** What a command has to say at its end. */
export interface Told {
  /** What happened. */
  readonly what: string
  /** What state things are in now. */
  readonly state: string
  /** What to do; empty when there is nothing to do. */
  readonly todo: string
}

/** The result: stdout, and nothing else goes there. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Progress and remarks: stderr. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** One JSON value: a line for `--log-json`, indented for `--json`. */
export function printJson(value: unknown, options: { readonly logJson?: true }): void {
  print(options.logJson === true ? JSON.stringify(value) : JSON.stringify(value, undefined, 2))
}

/** The labelled lines that every result ends with. */
export function threeLines({ what, state, todo }: Told): string {
  const lines = [
    ['What happened', what],
    ['State now', state],
    ['What to do', todo],
  ] as const
  return lines
    .filter(([, text]) => text !== '')
    .map(([label, text]) => `${bold(`${label}:`.padEnd(14))} ${text}`)
    .join('\n')
}

/** Bold on a terminal that wants colours (NO_COLOR, FORCE_COLOR), plain elsewhere. */
export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

/** As {@link bold}. */
export function red(text: string): string {
  return styleText('red', text, { stream: process.stdout })
}

/** As {@link bold}. */
export function green(text: string): string {
  return styleText('green', text, { stream: process.stdout })
}

/**
 * A reader that goes away (`| head`) must not end a run half-way, so broken pipes are no error.
 */
export function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
