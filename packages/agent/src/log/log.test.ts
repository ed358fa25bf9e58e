import { mkdtempDisposable, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { LogLevel } from '../config/settings.ts'
import { makeLog } from './log.ts'
import { openRollingFile } from './rolling-file.ts'

describe('the log', () => {
  test.for([
    ['debug', 'debug info warn error'],
    ['info', 'info warn error'],
    ['warn', 'warn error'],
    ['error', 'error'],
    ['none', ''],
  ] as const)('of level %s holds %s', ([level, wanted]) => {
    const lines: string[] = []
    const log = makeLog(
      level satisfies LogLevel,
      (line) => lines.push(line),
      () => new Date(0),
    )
    for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name](name)
    expect(lines.map((line) => line.trim().split(' ').at(-1)).join(' ')).toBe(wanted)
    for (const line of lines) expect(line).toMatch(/^1970-01-01T00:00:00.000Z [A-Z]+ cuedot-agent/)
  })
})

describe('a log in a file', () => {
  test('begins anew when it is full, and keeps five full ones', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    const log = openRollingFile(dir.path, 10)
    for (let at = 0; at < 8; at++) {
      log.write(`line number ${at}\n`)
      await log.settled()
    }
    const archive = join(dir.path, 'archive')
    expect((await readdir(dir.path)).toSorted()).toEqual(['archive', 'secrets_manager_agent.log'])
    const names = [0, 1, 2, 3, 4].map((at) => `secrets_manager_agent_${at}.gz`)
    expect((await readdir(archive)).toSorted()).toEqual(names)
    const texts = await Promise.all(names.map((name) => readFile(join(archive, name))))
    const held = texts.map((bytes) => gunzipSync(bytes).toString().trim())
    expect(held).toEqual([6, 5, 4, 3, 2].map((at) => `line number ${at}`))
    const now = join(dir.path, 'secrets_manager_agent.log')
    expect(await readFile(now, 'utf8')).toBe('line number 7\n')
    expect((await stat(now)).mode & 0o777).toBe(0o600)
  })

  test('goes on where an earlier one ended', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    openRollingFile(dir.path).write('one\n')
    openRollingFile(dir.path).write('two\n')
    const text = await readFile(join(dir.path, 'secrets_manager_agent.log'), 'utf8')
    expect(text).toBe('one\ntwo\n')
  })

  test('that cannot be made keeps the agent from starting', async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
    await writeFile(join(dir.path, 'logs'), '')
    const open = (): unknown => openRollingFile(join(dir.path, 'logs'))
    expect(open).toThrow(expect.objectContaining({ code: 'ERR_START' }))
  })
})
