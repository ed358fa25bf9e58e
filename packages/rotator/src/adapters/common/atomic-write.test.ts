import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import { isRotatorError } from '../../errors.ts'
import { atomicWrite } from './atomic-write.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cuedot-atomic-'))
  path = join(folder, 'config.php')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const NEW = Buffer.from('new content\n')

async function failure(work: Promise<void>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return isRotatorError(error) ? { code: error.code, ...error.details } : error
  }
  return 'it succeeded'
}

function needsRoot({ skip }: TestContext): void {
  const root = process.getuid?.() === 0 && process.platform === 'linux'
  skip(!root, 'only root on Linux can mount a file system or give a file away')
}

/** Mounts until `mounts` is disposed. */
function mount(mounts: DisposableStack, args: readonly string[], where: string): void {
  execFileSync('mount', [...args, where])
  mounts.defer(() => execFileSync('umount', [where]))
}

describe('the content', () => {
  test('is replaced, and nothing else is in the folder afterwards', async () => {
    writeFileSync(path, 'old')
    await atomicWrite(path, NEW)
    expect(readFileSync(path)).toEqual(NEW)
    expect(readdirSync(folder)).toEqual(['config.php'])
  })

  test('is a new file, so that whoever has the old one open reads it to its end', async () => {
    writeFileSync(path, 'old')
    const before = statSync(path).ino
    await atomicWrite(path, NEW)
    expect(statSync(path).ino).not.toBe(before)
  })

  test('may be empty or larger than one write of the kernel', async () => {
    writeFileSync(path, 'old')
    await atomicWrite(path, new Uint8Array())
    expect(statSync(path).size).toBe(0)
    const large = Buffer.alloc(3_000_000, 'x')
    await atomicWrite(path, large)
    expect(readFileSync(path).equals(large)).toBe(true)
  })
})

describe('mode and owner', () => {
  test.each([0o600, 0o640, 0o644, 0o400, 0o666])('mode %o is kept', async (mode) => {
    writeFileSync(path, 'old')
    chmodSync(path, mode)
    await atomicWrite(path, NEW)
    expect(statSync(path).mode & 0o7777).toBe(mode)
  })

  test('the owner and group of the old file are kept', async (context) => {
    needsRoot(context)
    writeFileSync(path, 'old')
    chownSync(path, 1000, 2000)
    await atomicWrite(path, NEW)
    expect(statSync(path)).toMatchObject({ uid: 1000, gid: 2000 })
  })

  test('a process that may not give files away leaves those of others alone', async (context) => {
    needsRoot(context)
    chmodSync(folder, 0o777)
    writeFileSync(path, 'old')
    const program = `
      import { atomicWrite } from ${JSON.stringify(join(import.meta.dirname, 'atomic-write.ts'))}
      process.setgid(1000); process.setuid(1000)
      const code = await atomicWrite(${JSON.stringify(path)}, Buffer.from('new')).catch((e) => e)
      console.log(code.code, code.details.reason)`
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program])
    expect(out.toString().trim()).toBe('ERR_TARGET_UNWRITABLE EPERM')
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['config.php'])
  })

  test('a new file gets the mode that is asked for, whatever the umask', async () => {
    await atomicWrite(path, NEW, { createMode: 0o664 })
    expect(statSync(path).mode & 0o7777).toBe(0o664)
  })
})

describe('symbolic links', () => {
  test('are followed and stay', async () => {
    const real = join(folder, 'elsewhere')
    mkdirSync(real)
    writeFileSync(join(real, 'real.php'), 'old')
    symlinkSync('elsewhere/real.php', path)
    await atomicWrite(path, NEW)
    expect(readlinkSync(path)).toBe('elsewhere/real.php')
    expect(readFileSync(join(real, 'real.php'))).toEqual(NEW)
    expect(readdirSync(real)).toEqual(['real.php'])
  })

  test('that lead nowhere are a missing file, also where a new file may be made', async () => {
    symlinkSync('nowhere', path)
    const error = await failure(atomicWrite(path, NEW, { createMode: 0o600 }))
    expect(error).toEqual({ code: 'ERR_TARGET_MISSING', path })
    expect(readdirSync(folder)).toEqual(['config.php'])
  })
})

describe('a failure', () => {
  test('is ERR_TARGET_MISSING for a file or folder that is not there', async () => {
    expect(await failure(atomicWrite(path, NEW))).toEqual({ code: 'ERR_TARGET_MISSING', path })
    const deep = join(path, 'no', 'such')
    expect(await failure(atomicWrite(deep, NEW, { createMode: 0o600 }))).toEqual({
      code: 'ERR_TARGET_MISSING',
      path: deep,
    })
  })

  test('is ERR_TARGET_UNWRITABLE for what is no regular file', async () => {
    expect(await failure(atomicWrite(folder, NEW))).toEqual({
      code: 'ERR_TARGET_UNWRITABLE',
      path: folder,
      reason: 'not a regular file',
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('R11 of the rename leaves the old file and no temp file', async (context) => {
    needsRoot(context)
    writeFileSync(path, 'old')
    using mounts = new DisposableStack()
    mount(mounts, ['--bind', path], path)
    const error = await failure(atomicWrite(path, NEW))
    expect(error).toEqual({ code: 'ERR_TARGET_UNWRITABLE', path, reason: 'EBUSY' })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['config.php'])
  })

  test('in a folder that is mounted read-only leaves the old file', async (context) => {
    needsRoot(context)
    writeFileSync(path, 'old')
    using mounts = new DisposableStack()
    mount(mounts, ['--bind', folder], folder)
    execFileSync('mount', ['-o', 'remount,bind,ro', folder])
    const error = await failure(atomicWrite(path, NEW))
    expect(error).toEqual({ code: 'ERR_TARGET_UNWRITABLE', path, reason: 'EROFS' })
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  test('in a folder without write permission leaves the old file', async (context) => {
    context.skip(process.getuid?.() === 0, 'root may write everywhere; EROFS stands for it')
    writeFileSync(path, 'old')
    chmodSync(folder, 0o500)
    const error = await failure(atomicWrite(path, NEW))
    chmodSync(folder, 0o700)
    expect(error).toEqual({ code: 'ERR_TARGET_UNWRITABLE', path, reason: 'EACCES' })
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  test('on a full file system leaves the old file and no temp file', async (context) => {
    needsRoot(context)
    using mounts = new DisposableStack()
    mount(mounts, ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs'], folder)
    writeFileSync(path, 'old')
    const error = await failure(atomicWrite(path, Buffer.alloc(100_000)))
    expect(error).toEqual({ code: 'ERR_TARGET_DISK_FULL', path })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['config.php'])
  })
})

describe('what a killed writer left', () => {
  /** Leaves the temp file that a write of `path` makes, as if it had been killed `ageMs` ago. */
  function leaveTemp(ageMs: number): string {
    const program = `
      import { atomicWrite } from ${JSON.stringify(join(import.meta.dirname, 'atomic-write.ts'))}
      import fs from 'node:fs/promises'
      import { syncBuiltinESMExports } from 'node:module'
      fs.rename = async () => process.kill(process.pid, 'SIGKILL')
      syncBuiltinESMExports()
      await atomicWrite(${JSON.stringify(path)}, Buffer.from('secret'))`
    const run = (): unknown =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' })
    expect(run).toThrow('SIGKILL')
    const temp = readdirSync(folder).find((name) => name !== 'config.php') ?? ''
    const then = new Date(Date.now() - ageMs)
    utimesSync(join(folder, temp), then, then)
    return temp
  }

  test('has the extension of the file, so that a web server treats it alike', () => {
    writeFileSync(path, 'old')
    expect(leaveTemp(0)).toMatch(/^\.cuedot-[0-9a-f]{16}-[0-9a-f]{16}\.php$/)
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  test('is removed by a write ten minutes later and left to its writer before', async () => {
    writeFileSync(path, 'old')
    const old = leaveTemp(600_000)
    await atomicWrite(path, NEW)
    expect(readdirSync(folder)).not.toContain(old)
    const young = leaveTemp(60_000)
    await atomicWrite(path, NEW)
    expect(readdirSync(folder)).toContain(young)
    await atomicWrite(path, NEW, { leftoverMs: 0 })
    expect(readdirSync(folder)).toEqual(['config.php'])
  })
})
