import { chown, open, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everything, lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { A_TO_B, planOf, putSecret, atRest } from './openemr-hands.ts'

const on = useMariadb()

/** A file with everything that a careless reader or writer trips over. */
function strange({ username, password }: { username: string; password: string }): string {
  return `<?php
//  OpenEMR, Ärztehaus Süd, \u8a3a\u7642\u6240 \u{1f600}
// $pass = 'of a comment';
$host   =   "127.0.0.1"  ;
$port='1'; // $port = '2';
$login\t=\t'${username}'\t;
$pass = "${password}";   # behind it
$dbase='elsewhere' ;
$disable_utf8_flag = false;\r
/* $login = 'nobody';
   $host = 'nowhere'; */
$sqlconf = array();
$sqlconf["host"]= $host;
$sqlconf["port"] = $port;
$sqlconf["login"] = $login;
$sqlconf["pass"] = $pass;
$sqlconf["dbase"] = $dbase;
$config = 1; /////////////
?>`
}

async function rewrite({ world }: EcsWorld, change: (source: string) => string): Promise<void> {
  await writeFile(world.sqlconf, change(await readFile(world.sqlconf, 'utf8')))
}

/** The file without one of its values, in both forms. */
function without(name: string): (source: string) => string {
  return (source) => source.replaceAll(new RegExp(`^\\$(sqlconf\\[")?${name}\\b.*\n`, 'gm'), '')
}

describe('cuedot openemr and sqlconf.php', () => {
  test('T14 T16 T19 T20 T21 T22 T27 R8 replaces five values and no other byte', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    await writeFile(world.sqlconf, strange(world.slots().A))
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'B' })
    const { B } = world.slots()
    const wanted = strange(B)
      .replace('"127.0.0.1"', '"localhost"')
      .replace("'1'", `'${B.port}'`)
      .replace("'elsewhere'", "'openemr'")
    expect(await readFile(world.sqlconf, 'utf8')).toBe(wanted)
  })

  test('T24 T25 T28 T30 T31 R11 is a new file with the old mode and owner', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    const { A, B, ...rest } = world.slots()
    await putSecret(it, 'slots', {
      ...rest,
      A: { ...A, port: undefined },
      B: { ...B, port: undefined },
    })
    // Root alone may give files away; anybody else keeps what is its own.
    if (process.getuid?.() === 0) await chown(world.sqlconf, 1000, 101)
    const [source, before] = [await readFile(world.sqlconf, 'utf8'), await stat(world.sqlconf)]
    await using reader = await open(world.sqlconf)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'B' })
    const after = await stat(world.sqlconf)
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(await reader.readFile('utf8')).toBe(source)
    const written = await readFile(world.sqlconf, 'utf8')
    expect(written).toContain(world.slots().B.password)
    expect(written).toMatch(/^\$port\t= '3306';$/m)
    expect(await readdir(dirname(world.sqlconf))).toEqual(['sqlconf.php'])
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    const { ino } = await stat(world.sqlconf)
    expect(ino).toBe(after.ino)
    expect(ino).not.toBe(before.ino)
  })

  test('T26 a password of an operator is written so that it is read again', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    const password = `s3cret!$x'"\\1\\g<1>\u{1f600}\\`
    await world.root.query(`ALTER USER openemr_a@'%' ${on().server.identified(password)}`)
    await putSecret(it, 'slots', { ...world.slots(), A: { ...world.slots().A, password } })
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    const literal = `'s3cret!$x\\'"\\\\1\\\\g<1>\u{1f600}\\\\'`
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= ${literal};`)
    expect(await planOf(it)).toEqual(A_TO_B)
  })

  test('T17 T23 a file that lacks a value is refused by the name of what it lacks', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const source = await readFile(it.world.sqlconf, 'utf8')
    for (const name of ['host', 'login', 'pass']) {
      await rewrite(it, without(name))
      const before = await everything(it)
      const ended = await it.run(['--log-json'])
      expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_TARGET_INCOMPLETE' })
      expect(lastLine(ended)['error']).toContain(`what: $${name}`)
      expect(await everything(it)).toEqual(before)
      await writeFile(it.world.sqlconf, source)
    }
  })

  test('T18 T41 an empty file is refused, where the tools made new users for it', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    await rewrite(it, () => '')
    const before = await everything(it)
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_TARGET_UNPARSABLE' })
    expect(lastLine(ended)['error']).toContain('no PHP code')
    expect(await everything(it)).toEqual(before)
  })

  test('T37 T39 T40 fits its slot with the port as text, as number or left out', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const slots = it.world.slots()
    const { A } = slots
    for (const port of [A.port, Number(A.port), undefined]) {
      await putSecret(it, 'slots', { ...slots, A: { ...A, port } })
      expect(await planOf(it)).toEqual(A_TO_B)
    }
  })

  test('T38 is told by user and password; another host, port or schema is no other', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { A } = it.world.slots()
    const source = await readFile(it.world.sqlconf, 'utf8')
    const planWith = async (old: string, value: string): Promise<readonly unknown[]> => {
      await rewrite(it, () => source.replace(`'${old}'`, `'${value}'`))
      return await planOf(it)
    }
    for (const [old, value] of [
      [A.host, 'db.internal'],
      [A.port, '1'],
      [A.dbname, 'other'],
    ] as const)
      expect(await planWith(old, value)).toEqual(A_TO_B)
    const brought = ['reconcile A', 'flip A', 'publish A at sqlconf']
    expect((await planWith(A.username, 'somebody')).slice(0, 3)).toEqual(brought)
    expect((await planWith(A.password, 'of yesterday')).slice(0, 3)).toEqual(brought)
  })
})
