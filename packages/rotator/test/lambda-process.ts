import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'

/** How one call of a function ended. */
export interface Invoked {
  /** Undefined: it resolved. */
  readonly error?: { readonly name: string; readonly message: string }
  /** Of the call alone, in milliseconds. */
  readonly ms: number
  /** The largest that the process has been, in KiB. */
  readonly peakKiB: number
}

/** A process that has loaded a function and waits for calls. */
export interface FunctionProcess extends AsyncDisposable {
  /** From the first line of the program until the handler was there, in milliseconds. */
  readonly loadMs: number
  invoke(event: object): Promise<Invoked>
}

/** A folder with what the zip holds and nothing else. */
export interface UnpackedFunction extends AsyncDisposable {
  readonly folder: string
  readonly files: readonly string[]
}

const HANDLER = 'index.handler'
const LIMIT_MS = 60_000

/** What Lambda's runtime does: loads the file of the handler's name, and hands over events. */
const RUNTIME = `
const begun = performance.now()
const [file, name] = '${HANDLER}'.split('.')
const handler = require('./' + file + '.cjs')[name]
if (typeof handler !== 'function') throw new Error('there is no ${HANDLER}')
process.send({ loadMs: performance.now() - begun })
process.on('message', async (event) => {
  const called = performance.now()
  const context = {
    getRemainingTimeInMillis: () => Math.round(${LIMIT_MS} - (performance.now() - called)),
  }
  const thrown = await handler(event, context).then(() => undefined, (error) => error)
  const ms = performance.now() - called
  const peakKiB = process.resourceUsage().maxRSS
  const error = thrown && { name: thrown.name, message: thrown.message }
  process.send({ ms, peakKiB, error })
})
`

/** Unpacks a zip into an empty folder, as Lambda does. */
export async function unpackFunction(zip: Uint8Array): Promise<UnpackedFunction> {
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-function-'))
  const content = Object.entries(unzipSync(zip))
  for (const [name, bytes] of content) await writeFile(join(folder, name), bytes)
  return {
    folder,
    files: content.map(([name]) => name),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** Starts a process with these variables and no other, and loads the function in it. */
export async function startFunction(
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  const runtime = join(folder, 'runtime.cjs')
  await writeFile(runtime, RUNTIME)
  const child = fork(runtime, [], { cwd: folder, env: variables, execArgv: [], silent: true })
  child.stdout?.resume()
  const said: Buffer[] = []
  child.stderr?.on('data', (piece: Buffer) => said.push(piece))
  const closed = once(child, 'close')
  const answer = async <T>(): Promise<T> => {
    const ended = closed.then(() => {
      throw new Error(`the function's process has ended:\n${Buffer.concat(said).toString()}`)
    })
    const told = new Promise<T>((resolve) => child.once('message', resolve))
    return await Promise.race([told, ended])
  }
  const { loadMs } = await answer<{ loadMs: number }>()
  return {
    loadMs,
    invoke: async (event) => {
      const answered = answer<Invoked>()
      child.send(event)
      return await answered
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await closed
    },
  }
}
