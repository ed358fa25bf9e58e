/** Attributes of an element; values are escaped. */
export type Attributes = Readonly<Record<string, string | number>>

/** Text as it may stand between tags and in attributes. */
export function text(content: string): string {
  return content.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** An element; `inside` is markup, made by this function or by {@link text}. */
export function part(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(String(value))}"`)
  return `<${name}${pairs.join('')}>${inside.join('')}</${name}>\n`
}

/** A number with at most one digit behind the point. */
export function num(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** The smallest of 1, 2, 5, 10, 20, … that is not below `least`, for the distance of axis ticks. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)))
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least) ?? 10
  return factor * power
}
