import type { CommonOptions } from '../options.ts'
import { print, tell } from '../output.ts'
import type { Renderer } from './renderer.ts'

/** JSON lines where they were asked for, tasks on a terminal, plain lines elsewhere. */
export async function chooseRenderer(options: CommonOptions): Promise<Renderer> {
  if (options.logJson === true) {
    const { jsonLinesRenderer } = await import('./json-lines.ts')
    return jsonLinesRenderer(print, tell)
  }
  if (process.stderr.isTTY && process.env['TERM'] !== 'dumb') {
    const { TerminalRenderer } = await import('./terminal.ts')
    return new TerminalRenderer(process.stderr)
  }
  const { linesRenderer } = await import('./lines.ts')
  return linesRenderer(tell)
}
