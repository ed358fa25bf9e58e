import { describe, expect, test } from 'vitest'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { Desk } from '../engine/desk.ts'
import type { Target } from '../ports/target.ts'
import { drain } from './drain.ts'

const LOGINS: Readonly<Record<string, (look: number) => readonly string[]>> = {
  u: () => ['one that stays'],
  n: (look) => [`one of look ${look}`],
}

/**
 * A target whose n-th count of sessions finds somebody where the n-th letter is an x; before it
 * somebody has come and gone where the letter is an l, and a login is under way where it is
 * a u, another one each time where it is an n.
 */
function crowded(target: Target, looks: string): { readonly target: Target; looked: () => number } {
  let looked = 0
  const somebody = { username: 'app_a', client: '', application: 'web', endpoint: 'db' }
  const found = { ...somebody, id: '1', credentialVersion: '' }
  const logins = (): number => [...looks.slice(0, looked)].filter((letter) => letter === 'l').length
  const admin: Target['database']['admin'] = async (...args) => {
    const session = await target.database.admin(...args)
    return Object.assign(Object.create(session), {
      sessions: async () => (looks[looked++] === 'x' ? [found] : []),
      openLogins: async () => LOGINS[looks[looked] ?? '']?.(looked) ?? [],
      loginCount: async () => (looks.includes('l') ? logins() : undefined),
    })
  }
  return {
    target: { ...target, database: { ...target.database, admin } },
    looked: () => looked,
  }
}

describe('a drain', () => {
  // The window is 1.5 s and a look is made every second: three quiet ones in a row.
  test.each([
    ['of nobody looks for a whole window', '...', 3],
    ['waits until the last one has gone', 'xx...', 5],
    ['begins its window again when somebody comes back', 'x.x...', 6],
    ['begins it again however often that happens', '..x.x..x...', 11],
    ['begins it again when somebody has come and gone between two looks', '..l..l...', 9],
    ['waits for a login that was under way when it began', 'uuu...', 6],
    ['does not wait for logins that begin later', '.nnn', 3],
  ])('%s', async (_name, looks, expected) => {
    const { world, target } = arrange()
    const crowd = crowded(target, looks)
    await using desk = await deskAt(crowd.target, world)
    await drain.apply({ step: 'drain', slot: 'A', why: 'a test' }, desk.desk)
    expect(crowd.looked()).toBe(expected)
    expect(desk.desk.evidence.quiet.has('A')).toBe(true)
  })
})

async function deskAt(
  target: Target,
  world: Parameters<typeof simEnvironment>[0],
): Promise<{ readonly desk: Desk } & AsyncDisposable> {
  const desk = new Desk(target, simEnvironment(world), 'take')
  await desk.load()
  return { desk, [Symbol.asyncDispose]: () => desk.sessions.drop() }
}
