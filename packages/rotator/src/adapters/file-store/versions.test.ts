import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { isRotatorError } from '../../errors.ts'
import {
  addPending,
  encodeVersions,
  firstVersion,
  holderOf,
  moveCurrent,
  parseVersions,
  readingOf,
} from './versions.ts'
import type { Versions } from './versions.ts'

const AT = new Date('2026-01-02T03:04:05.678Z')

function start(): Versions {
  return firstVersion('s', new Sensitive('v0', 'v0'), { id: 'id0', createdAt: AT })
}

function stage(versions: Versions, id: string): Versions {
  return addPending(versions, { id, value: new Sensitive(id, id), createdAt: AT }).versions
}

describe('the versions of a secret', () => {
  test('are the same after encoding and parsing, with their times to the millisecond', () => {
    const versions = moveCurrent(stage(start(), 'id1'), { from: 'id0', to: 'id1' })
    const again = parseVersions(encodeVersions(versions), 's')
    const shown = ({ list }: Versions): unknown =>
      list.map(({ id, labels, createdAt, value }) => [
        id,
        labels.toSorted(),
        createdAt,
        value.reveal(),
      ])
    expect(shown(again)).toEqual(shown(versions))
    expect(holderOf(again, 'AWSPREVIOUS')?.createdAt).toEqual(AT)
  })

  test('without a label are kept up to twenty, the newest', () => {
    let versions = start()
    for (let index = 1; index <= 30; index += 1) versions = stage(versions, `id${index}`)
    const unlabelled = versions.list.filter(({ labels }) => labels.length === 0)
    expect(unlabelled.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, index) => `id${index + 10}`),
    )
    expect(readingOf(versions)).toMatchObject({ current: { id: 'id0' }, pending: { id: 'id30' } })
  })

  test.each([
    'null',
    '{}',
    '{"versions":[]}',
    '{"versions":[null]}',
    '{"versions":[{"id":"a","value":1,"createdAt":"2026-01-01T00:00:00Z","labels":[]}]}',
  ])('are unreadable in %j', (text) => {
    expect(() => parseVersions(text, 's')).toThrow(/ERR_STORE_UNREADABLE/)
  })

  test('of which none is current are unreadable', () => {
    const [only] = start().list
    const versions = { secret: 's', list: only ? [{ ...only, labels: [] }] : [] }
    expect(() => readingOf(versions)).toThrow(/ERR_STORE_UNREADABLE/)
  })

  test('stay as they are when a call is refused or has nothing to do', () => {
    const versions = stage(start(), 'id1')
    const again = addPending(versions, {
      id: 'id1',
      value: new Sensitive('id1', 'same'),
      createdAt: new Date(),
    })
    expect(again.versions).toBe(versions)
    expect(again.version.createdAt).toEqual(AT)
    expect(moveCurrent(versions, { from: 'unknown', to: 'id0' })).toBe(versions)
    const refused = ((): unknown => {
      try {
        return moveCurrent(versions, { from: 'id1', to: 'id1' })
      } catch (error) {
        return error
      }
    })()
    expect(isRotatorError(refused) && refused.code).toBe('ERR_STORE_CONFLICT')
  })
})
