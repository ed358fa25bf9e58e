import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './programs.ts'

/** A running moto, the public emulator of AWS, with its deviations from AWS corrected. */
export interface Moto extends AsyncDisposable {
  /** For the SDK's `endpoint`. */
  readonly endpoint: string
  /** moto's own version. */
  readonly version: string
}

interface Python {
  readonly executable: string
  readonly version: string
}

/** Longest wait for moto to listen. It takes half a second on an idle machine. */
const START_MS = 30_000

/** Starts moto on a free port of 127.0.0.1. Where it is not installed, prints so: `undefined`. */
export async function startMoto(): Promise<Moto | undefined> {
  const python = findMoto()
  if (!python) {
    console.warn('moto is not installed (pip install "moto[server]"): our fake is the only judge')
    return undefined
  }
  const script = join(import.meta.dirname, 'moto-patched.py')
  const child = spawn(python.executable, ['-u', script], { stdio: ['pipe', 'pipe', 'pipe'] })
  const port = await firstLine(child)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    version: python.version,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

/** The Python that can import moto: the one that runs `moto_server`, or the one on the path. */
function findMoto(): Python | undefined {
  const candidates = [interpreterOf(findProgram('moto_server')), 'python3', 'python']
  for (const candidate of candidates) {
    const program = candidate === undefined ? undefined : findProgram(candidate)
    const found = program === undefined ? undefined : askForMoto(program)
    if (found) return found
  }
  return undefined
}

/** The name of the interpreter in the first line of a script, if it is a Python. */
function interpreterOf(script: string | undefined): string | undefined {
  if (script === undefined) return undefined
  const [line = ''] = readFileSync(script, 'latin1').split('\n', 1)
  return /^#!.*?([^/\s]*python[\d.]*)\s*$/.exec(line)?.[1]
}

function askForMoto(program: string): Python | undefined {
  try {
    const ask = 'import moto, moto.server, sys; print(sys.executable); print(moto.__version__)'
    const out = execFileSync(program, ['-c', ask], { encoding: 'utf8', stdio: 'pipe' })
    const [executable = '', version = ''] = out.trim().split('\n')
    return { executable, version }
  } catch {
    // No such program, or a Python without moto: the next candidate may have it.
    return undefined
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-2000)
  })
  child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim()))
  child.once('error', reject)
  child.once('exit', () => reject(new Error(`moto ended before it listened:\n${errors}`)))
  const timer = setTimeout(() => {
    child.kill()
    reject(new Error(`moto did not listen within ${START_MS} ms:\n${errors}`))
  }, START_MS)
  return await promise.finally(() => clearTimeout(timer))
}
