import { text } from 'node:stream/consumers'
import { resolve } from 'node:path'
import {
  Sensitive,
  DocumentError,
  parseFlatDocument,
  parseSlotDocument,
} from '@cuedot/client/protocol'
import { composeSystem, createSecret } from '../../compose.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { CommonOptions } from '../options.ts'
import { print, printJson, threeLines } from '../output.ts'

const SLOTS =
  '{"active_slot":"A","A":{"username":…,"password":…,"host":…,"port":…,"dbname":…},"B":{…}}'
const FLAT = '{"username":…,"password":…,"host":…,"port":…,"dbname":…}'

/** `secret init`: puts a document from stdin into a new file store. Never prints a value. */
export async function secretInitCommand(
  options: CommonOptions & { readonly path: string; readonly keyFile: string },
): Promise<ExitCode> {
  if (process.stdin.isTTY)
    throw new UsageError(
      'The document is read from standard input, and that is a terminal.',
      `Pipe it in: ${SLOTS} for an alternating target, ${FLAT} for an admin or a single user.`,
    )
  const value = new Sensitive(await text(process.stdin), 'document from standard input')
  const kind = kindOf(value)
  const [path, keyFile] = [resolve(options.path), resolve(options.keyFile)]
  const { clock } = await composeSystem()
  const made = await createSecret({ path, keyFile, value }, { signal: clock.deadline(30_000) })
  const result = { path, keyFile, document: kind, ...made }
  if (options.json === true || options.logJson === true) printJson(result, options)
  else
    print(
      threeLines({
        what: `The ${kind} document is in ${path}, encrypted.`,
        state: `Its key is in ${keyFile}${made.madeKey ? ', made just now' : ''}.`,
        todo: 'Keep the key elsewhere than the secrets, and back both up. Delete the clear text.',
      }),
    )
  return EXIT.ok
}

function kindOf(value: Sensitive): 'slot' | 'flat' {
  const asSlots = problemOf(() => parseSlotDocument(value))
  if (asSlots === undefined) return 'slot'
  const asFlat = problemOf(() => parseFlatDocument(value))
  if (asFlat === undefined) return 'flat'
  const isSlots = asFlat.startsWith('/active_slot')
  throw new UsageError(
    `Standard input is no document: ${isSlots ? asSlots : asFlat}.`,
    `The shape is ${SLOTS} for an alternating target, ${FLAT} for an admin or a single user.`,
  )
}

/** The message of a DocumentError names places, never values. */
function problemOf(parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    if (error instanceof DocumentError) return error.message
    throw error
  }
}
