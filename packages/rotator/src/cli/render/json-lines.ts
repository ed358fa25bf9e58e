import type { Renderer } from './renderer.ts'

/** Every event as one line of JSON. Remarks of the command go elsewhere: they are no events. */
export function jsonLinesRenderer(
  write: (line: string) => void,
  tell: (line: string) => void,
): Renderer {
  return {
    emit: (event) => write(JSON.stringify(event)),
    note: tell,
    close: async () => undefined,
  }
}
