import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { codeOf, soon, within } from '../../testkit/src/conformance/database-fixture.ts'
import { secretStoreConformance } from '../../testkit/src/conformance/secret-store.ts'
import { createKeyFile } from '../src/adapters/file-store/key-file.ts'
import { withLock } from '../src/adapters/file-store/lock.ts'
import { thisProcess } from '../src/adapters/common/process-identity.ts'
import { createFileSecret, fileStore } from '../src/adapters/file-store/store.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'

secretStoreConformance('an encrypted file', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cuedot-file-store-'))
  const key = await createKeyFile(join(root, 'key'))
  return {
    create: async (name, value) =>
      await createFileSecret({ path: join(root, name), key }, value, soon()),
    open: (name) => fileStore({ path: join(root, name), key }),
    async [Symbol.asyncDispose]() {
      const left = readdirSync(root).filter((name) => !/^(key|conformance-[-\da-f]+)$/.test(name))
      rmSync(root, { recursive: true })
      if (left.length > 0) throw new Error(`files were left: ${left.join(', ')}`)
    },
  }
})

let folder = ''
let path = ''
let keyPath = ''
let store: SecretStore

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cuedot-file-store-'))
  path = join(folder, 'secret')
  keyPath = join(folder, 'key')
  const key = await createKeyFile(keyPath)
  await createFileSecret({ path, key }, new Sensitive('0', 'count'), soon())
  store = fileStore({ path, key })
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const SOURCES = join(import.meta.dirname, '../src/adapters/file-store')

/** Another process that has the same store as `store`, and `soon` for its calls. */
function run(program: string): ChildProcess {
  const prelude = `
    import { randomUUID } from 'node:crypto'
    import { Sensitive } from '@cuedot/client/protocol'
    import { readKeyFile } from ${JSON.stringify(join(SOURCES, 'key-file.ts'))}
    import { withLock } from ${JSON.stringify(join(SOURCES, 'lock.ts'))}
    import { fileStore } from ${JSON.stringify(join(SOURCES, 'store.ts'))}
    const path = ${JSON.stringify(path)}
    const store = fileStore({ path, key: await readKeyFile(${JSON.stringify(keyPath)}) })
    const soon = () => ({ signal: AbortSignal.timeout(20_000) })
    console.log('ready')
  `
  const args = ['--conditions=cuedot-source', '--input-type=module', '-e', prelude + program]
  const cwd = import.meta.dirname
  return spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Resolves when the process has printed something. */
async function printed(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the process has no stdout')
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return chunk.toString('utf8').trim()
}

/** Counts by one rotation: what is staged is the count after the one that is current. */
const COUNT = `
  async function count() {
    const { current } = await store.read(soon())
    const id = randomUUID()
    const next = String(Number(current.value.reveal()) + 1)
    await store.stage(new Sensitive(next, 'count'), id, soon())
    await store.promote(id, current.id, soon())
    console.log(next)
  }
`

/** Resolves when the process is gone and everything it has printed has been read. */
async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  await ended
}

async function countNow(): Promise<number> {
  return Number((await store.read(soon())).current.value.reveal())
}

describe('several processes', () => {
  test('that rotate at the same time lose no rotation', async () => {
    const program = `${COUNT}
      for (let done = 0; done < 10; )
        await count().then(() => (done += 1), (error) => {
          if (error.code !== 'ERR_STORE_CONFLICT') throw error
        })`
    const children = [run(program), run(program), run(program)]
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
    expect(codes).toEqual([0, 0, 0])
    expect(await countNow()).toBe(30)
    expect(readdirSync(folder).toSorted()).toEqual(['key', 'secret'])
  })

  test('that are killed at any moment lose nothing that was done and leave no lock', async () => {
    const program = `${COUNT} for (let n = 0; n < 1e6; n += 1) await count()`
    for (let death = 0; death < 12; death += 1) {
      const child = run(program)
      let text = ''
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
      while (!/\d\n/.test(text)) await printed(child)
      await new Promise((resolve) => setTimeout(resolve, randomInt(15)))
      await kill(child)
      const done = Number(text.split('\n').findLast((line) => /^\d+$/.test(line)))
      const now = await countNow()
      expect([done, done + 1]).toContain(now)
    }
    // A file that was cut off before it named its maker counts as left after ten minutes.
    const then = new Date(Date.now() - 601_000)
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), then, then)
    const { current } = await store.read(soon())
    const token = randomUUID()
    await store.stage(new Sensitive('end', 'count'), token, soon())
    await store.promote(token, current.id, soon())
    expect((await store.read(soon())).current.id).toBe(token)
    expect(readdirSync(folder).toSorted()).toEqual(['key', 'secret'])
  })
})

describe('the lock', () => {
  const HOLD = `await withLock(path + '.lock', soon().signal, async () => {
    console.log('held')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  })`

  async function holding(): Promise<ChildProcess> {
    const child = run(HOLD)
    let text = await printed(child)
    if (!text.endsWith('held')) text = await printed(child)
    expect(text).toMatch(/held$/)
    return child
  }

  test('of a living process is waited for until the deadline, and then names it', async () => {
    const child = await holding()
    const work = store.stage(new Sensitive('1', 'count'), randomUUID(), within(100))
    await expect(work).rejects.toMatchObject({
      code: 'ERR_STORE_UNREACHABLE',
      details: { operation: `write: the lock is held by process ${child.pid} on ${hostname()}` },
    })
    await kill(child)
  })

  test('of a process that dies meanwhile is taken over', async () => {
    const child = await holding()
    const token = randomUUID()
    const work = store.stage(new Sensitive('1', 'count'), token, soon())
    await kill(child)
    expect((await work).id).toBe(token)
    expect(readdirSync(folder).toSorted()).toEqual(['key', 'secret'])
  })

  test('of a dead process is taken over by one of many who want it at once', async () => {
    await kill(await holding())
    let inside = 0
    let most = 0
    const workers = Array.from({ length: 20 }, async () => {
      await withLock(`${path}.lock`, soon().signal, async () => {
        inside += 1
        most = Math.max(most, inside)
        await new Promise((resolve) => setImmediate(resolve))
        inside -= 1
      })
    })
    await Promise.all(workers)
    expect(most).toBe(1)
    expect(readdirSync(folder).toSorted()).toEqual(['key', 'secret'])
  })

  test('of a process whose id another process has now is taken over', async () => {
    const earlier = { host: hostname(), pid: process.pid, started: 'an earlier boot 1', id: 'x' }
    writeFileSync(`${path}.lock`, JSON.stringify(earlier))
    const token = randomUUID()
    await store.stage(new Sensitive('1', 'count'), token, soon())
    expect((await store.read(soon())).pending?.id).toBe(token)
  })

  test('of somebody who took it over first is not taken away by a slower one', async () => {
    const dead = { host: hostname(), pid: process.pid, started: 'an earlier boot 1', id: 'x' }
    const faster = { ...thisProcess(), id: 'faster' }
    writeFileSync(`${path}.lock`, JSON.stringify(dead))
    const claims = (): readonly string[] =>
      readdirSync(folder).filter((name) => name.startsWith('secret.lock.x.dead'))
    let slower: Promise<unknown> = Promise.resolve()
    await withLock(`${path}.lock.x.dead`, soon().signal, async () => {
      slower = store.stage(new Sensitive('1', 'count'), randomUUID(), soon())
      await expect.poll(claims).toHaveLength(2)
      writeFileSync(`${path}.lock`, JSON.stringify(faster))
    })
    await expect.poll(claims).toEqual([])
    expect(JSON.parse(readFileSync(`${path}.lock`, 'utf8'))).toEqual(faster)
    rmSync(`${path}.lock`)
    await expect(slower).resolves.toHaveProperty('id')
  })

  test('of one who died while taking it over is taken over with it', async () => {
    const dead = { host: hostname(), pid: process.pid, started: 'an earlier boot 1' }
    writeFileSync(`${path}.lock`, JSON.stringify({ ...dead, id: 'x' }))
    writeFileSync(`${path}.lock.x.dead`, JSON.stringify({ ...dead, id: 'y' }))
    writeFileSync(`${path}.lock.x.dead.y`, JSON.stringify({ ...dead, id: 'z' }))
    await store.stage(new Sensitive('1', 'count'), randomUUID(), soon())
    expect(readdirSync(folder).toSorted()).toEqual(['key', 'secret'])
  })

  test('of a process on another host is respected', async () => {
    const elsewhere = { host: 'elsewhere', pid: 1, started: '', id: 'x' }
    writeFileSync(`${path}.lock`, JSON.stringify(elsewhere))
    const work = store.stage(new Sensitive('1', 'count'), randomUUID(), within(60))
    expect(await codeOf(work)).toBe('ERR_STORE_UNREACHABLE')
  })
})

describe('what is on disk', () => {
  test('holds no value in clear', async () => {
    const value = `canary-${randomBytes(12).toString('hex')}`
    await store.stage(new Sensitive(value, 'canary'), randomUUID(), soon())
    const bytes = readFileSync(path)
    expect(bytes.includes(value)).toBe(false)
    expect(bytes.includes(Buffer.from(value).toString('base64').slice(0, 24))).toBe(false)
  })

  test('keeps twenty versions without a label and drops older ones', async () => {
    const value = 'x'.repeat(1000)
    let before = (await store.read(soon())).current.id
    const sizes: number[] = []
    for (let round = 0; round < 30; round += 1) {
      const token = randomUUID()
      await store.stage(new Sensitive(value, 'value'), token, soon())
      await store.promote(token, before, soon())
      before = token
      sizes.push(readFileSync(path).length)
    }
    expect(sizes.at(-1)).toBe(sizes.at(-2))
    expect(sizes.at(-1)).toBeGreaterThan((sizes[0] ?? 0) * 5)
  })
})
