import { inspect } from 'node:util'

/** Something that must hold no secret, and what it is called. */
export interface Place {
  readonly name: string
  readonly text: string
}

/** Every way in which a log, a dump or a URL is known to write a text. */
export function spellings(secret: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret)
  return new Map([
    ['as it is', secret],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['with doubled quotes', secret.replaceAll("'", "''")],
    ['in hex', bytes.toString('hex')],
    ['in capital hex', bytes.toString('hex').toUpperCase()],
    ['in UTF-16', bytes.toString('latin1').split('').join('\0')],
    ...[0, 1, 2].map((shift): [string, string] => [`in base64 at ${shift}`, base64(bytes, shift)]),
  ])
}

/** The middle of a secret in base64 when `shift` other bytes (or three more) come before it. */
function base64(bytes: Buffer, shift: number): string {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const sure = whole.endsWith('=') ? whole.replace(/.=+$/, '') : whole
  return sure.slice(Math.ceil((shift * 4) / 3))
}

/**
 * Where the secrets stand in the places, as `place: secret as it is`; never the secrets themselves.
 *
 * @param secrets - by name; each of at least 6 characters
 */
export function leaksIn(
  places: Iterable<Place>,
  secrets: ReadonlyMap<string, string>,
): readonly string[] {
  const wanted = [...secrets].map(([name, secret]) => {
    if (secret.length < 6) throw new TypeError(`${name} is too short to be looked for`)
    return { name, forms: [...spellings(secret)] }
  })
  const found: string[] = []
  for (const place of places)
    for (const { name, forms } of wanted) {
      const how = forms.find(([, form]) => place.text.includes(form))
      if (how !== undefined) found.push(`${place.name}: ${name} ${how[0]}`)
    }
  return found
}

/**
 * All that a program could print of an error: its message and stack, its fields, hidden ones, too,
 * its causes and the errors that it gathers, with and without the objects' own way to be shown.
 */
export function tellAll(error: unknown): string {
  const options = {
    depth: 20,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
  }
  return [
    String(error),
    inspect(error, options),
    inspect(error, { ...options, customInspect: false }),
    jsonOf(error),
  ].join('\n')
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    // It refers to itself; `inspect` has shown it.
    return ''
  }
}
