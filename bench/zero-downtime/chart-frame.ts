import { num, part, text } from '../../packages/rotator/src/cli/try/svg.ts'
import type { Attributes } from '../../packages/rotator/src/cli/try/svg.ts'

/** A page of the README is about so wide, in pixels. */
export const WIDTH = 860

/** Where values begin; names stand to the left of it. */
export const LEFT = 290

/** Part of the chart, and how high it is in pixels. */
export interface Panel {
  readonly height: number
  readonly markup: string
}

/** A line of text. */
export function label(content: string, attributes: Attributes): string {
  return part('text', attributes, text(content))
}

/** An upright line of a scale, with its value below. */
export function tick(x: number, bottom: number, options: { top: number; words: string }): string {
  const at = num(x)
  return (
    part('line', { class: 'line', x1: at, x2: at, y1: options.top, y2: bottom }) +
    label(options.words, { class: 'soft small middle', x: at, y: bottom + 15 })
  )
}
