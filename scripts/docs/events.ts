import { page, table } from './page.ts'
import type { Page } from './page.ts'

/** What the catalogue of events says about one code. */
interface EventEntry {
  readonly level: string
  readonly what: string
  /** What it carries, in Markdown. */
  readonly payload: string
}

/** `docs/events.md`: every event that a run emits. */
export function eventsPage(catalogue: Readonly<Record<string, EventEntry>>): Page {
  return page('docs/events.md', 'Events', 'packages/rotator/src/domain/events.ts', [
    'Code and payload are stable, texts are not. The terminal, `--log-json`, metrics and audit ' +
      'show the same events. Every event also carries `at` (ISO-8601, UTC), `target` and, once a ' +
      'rotation is open, `rotationId`.',
    table(
      ['Code', 'Level', 'What it tells', 'Carries'],
      Object.entries(catalogue).map(([code, { level, what, payload }]) => [
        `\`${code}\``,
        level,
        what,
        payload,
      ]),
    ),
  ])
}
