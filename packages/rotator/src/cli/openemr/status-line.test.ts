import { describe, expect, test } from 'vitest'
import { statusJson, statusText } from './status-line.ts'
import type { Status } from './status-line.ts'

const ROTATION: Status = { kind: 'rotation', dryRun: false, more: {} }

describe('the last line', () => {
  test('is the status object of the tools that read it, spaced as they print it', () => {
    expect(statusJson(ROTATION)).toBe('{"status": "ok", "dry_run": false}')
    expect(statusJson({ ...ROTATION, dryRun: true })).toBe('{"status": "ok", "dry_run": true}')
    expect(statusJson({ kind: 'sync', dryRun: false, more: {} })).toBe(
      '{"status": "ok", "action": "sync_db_users"}',
    )
  })

  test('T13 tells of an error that says nothing, too', () => {
    const error = '{"status": "error", "error": ""}'
    expect(statusJson({ kind: 'error', error: '', more: {} })).toBe(error)
  })

  test('tells more behind what those tools know', () => {
    const more = { rotation_id: 'r', active_slot: 'B', plan: ['open B', 'set B'] }
    expect(statusJson({ ...ROTATION, more })).toBe(
      '{"status": "ok", "dry_run": false, "rotation_id": "r", "active_slot": "B", ' +
        '"plan": ["open B", "set B"]}',
    )
  })

  test('is a sentence without --log-json', () => {
    expect(statusText(ROTATION)).toBe('Rotation completed successfully (dry_run=False)')
    expect(statusText({ ...ROTATION, dryRun: true })).toBe(
      'Rotation completed successfully (dry_run=True)',
    )
    expect(statusText({ kind: 'sync', dryRun: false, more: {} })).toBe(
      'Database users synced to match slot secrets.',
    )
  })
})
