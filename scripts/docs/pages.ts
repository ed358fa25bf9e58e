/** Which pages are made from which registries. */
import { EVENT_CATALOGUE } from '../../packages/rotator/src/domain/events.ts'
import { ERROR_CATALOGUE } from '../../packages/rotator/src/errors.ts'
import { RUNBOOK } from '../../packages/rotator/src/steps/runbook.ts'
import { errorsPage } from './errors.ts'
import { eventsPage } from './events.ts'
import type { Page } from './page.ts'
import { runbookPage } from './runbook.ts'

/** All generated pages. */
export const pages = (): readonly Page[] => [
  errorsPage(ERROR_CATALOGUE),
  eventsPage(EVENT_CATALOGUE),
  runbookPage(RUNBOOK),
]
