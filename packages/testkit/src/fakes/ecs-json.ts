/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>

/** The beginning of every ARN of the fake. */
export const ACCOUNT = 'arn:aws:ecs:eu-central-1:123456789012'

/** The name in an ARN; a name is its own. */
export function lastPart(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
}

/** A text; empty where it is none. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A list of texts; empty where it is none. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(text) : []
}

/** An object; empty where it is none. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** A list of objects; empty where it is none. */
export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}
