import MagicString from 'magic-string'
import type { ConfigTarget } from '../../ports/config-target.ts'
import { RotatorError } from '../../errors.ts'
import { atomicWrite } from '../common/atomic-write.ts'
import { wanted } from '../common/credential-fields.ts'
import type { Field } from '../common/credential-fields.ts'
import { readConfigFile } from './config-file.ts'
import { published } from './place.ts'
import type { Locate, Place } from './place.ts'

/** Where a config file is and how the places in it are found. */
export interface FileTargetOptions {
  readonly id: string
  readonly path: string
  readonly locate: Locate
}

/** A place with the literal that is to stand there. */
interface Change {
  readonly place: Place
  readonly literal: string
}

/** The last spelling that a place was given up for: `a` again after `b` is spelled as at first. */
type Spellings = Map<string, { readonly value: string; readonly literal: string }>

/**
 * A config target over one file of any format: replaces the literals and nothing else.
 *
 * What is written is first parsed again and must give exactly what was asked for, so a value that
 * the format cannot hold is ERR_TARGET_UNPARSABLE and the file stays as it is. Right before the
 * replacement the file is read once more: ERR_TARGET_CHANGED when it is not what was parsed. An
 * aborted call ends before the replacement, with the signal's reason, or not at all.
 * @throws what `locate`, `readConfigFile` and `atomicWrite` throw
 */
export function fileTarget({ id, path, locate }: FileTargetOptions): ConfigTarget {
  const spellings: Spellings = new Map()
  return {
    id,
    read: async ({ signal }) => {
      signal.throwIfAborted()
      const bytes = await readConfigFile(path)
      return published(locate(bytes.toString('latin1')), path)
    },
    write: async (credential, { signal }) => {
      signal.throwIfAborted()
      const before = await readConfigFile(path)
      const source = before.toString('latin1')
      const places = locate(source)
      published(places, path)
      const values = wanted(credential)
      const changes = changesTo({ places, values, spellings, path })
      if (changes.length === 0) return
      const after = replaceLiterals(source, changes)
      prove(() => locate(after), values, path)
      signal.throwIfAborted()
      await replaceFile(path, before, Buffer.from(after, 'latin1'))
      remember(spellings, changes, source)
    },
  }
}

function changesTo(options: {
  readonly places: readonly Place[]
  readonly values: ReadonlyMap<Field, string>
  readonly spellings: Spellings
  readonly path: string
}): readonly Change[] {
  return options.places.flatMap((place) => {
    const value = options.values.get(place.field)
    if (value === undefined || value === place.value) return []
    const earlier = options.spellings.get(place.name)
    const literal = earlier?.value === value ? earlier.literal : place.spell(value)
    // A file with a NUL byte is binary to us, whatever its format makes of it.
    if (literal === undefined || literal.includes('\0')) throw cannotHold(place, options.path)
    return [{ place, literal }]
  })
}

function replaceLiterals(source: string, changes: readonly Change[]): string {
  const text = new MagicString(source)
  for (const { place, literal } of changes)
    if (place.start === place.end) text.appendLeft(place.start, literal)
    else text.update(place.start, place.end, literal)
  return text.toString()
}

/** Nothing is written unless a reader of the new file finds what was asked for. */
function prove(
  locateAfter: () => readonly Place[],
  values: ReadonlyMap<Field, string>,
  path: string,
): void {
  const places = locateAfter()
  const wrong = places.find((place) => (values.get(place.field) ?? place.value) !== place.value)
  if (wrong !== undefined) throw cannotHold(wrong, path)
}

function cannotHold(place: Place, path: string): RotatorError {
  return new RotatorError('ERR_TARGET_UNPARSABLE', {
    path,
    line: place.line,
    problem: `the new value of ${place.name} cannot be written here so that every reader finds it`,
  })
}

async function replaceFile(path: string, before: Buffer, after: Buffer): Promise<void> {
  const now = await readConfigFile(path)
  if (!now.equals(before)) throw new RotatorError('ERR_TARGET_CHANGED', { path })
  await atomicWrite(path, after)
}

function remember(spellings: Spellings, changes: readonly Change[], source: string): void {
  for (const { place } of changes)
    spellings.set(place.name, {
      value: place.value,
      literal: source.slice(place.start, place.end),
    })
}
