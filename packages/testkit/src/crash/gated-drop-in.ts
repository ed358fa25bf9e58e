/** Stands in for `compose/drop-in.ts` in a gated process; what it asks passes the same gates. */
import * as real from '../../../rotator/src/compose/drop-in.ts'
import { gatePort } from './gate.ts'
import { gate } from './parent-gate.ts'

export * from '../../../rotator/src/compose/drop-in.ts'

// A copy, because a namespace may not be shown as anything else than it is.
const gated = gatePort({ ...real }, 'dropIn', gate)

/** As in `compose/drop-in.ts`. */
export const askPage: typeof real.askPage = gated.askPage

/** As in `compose/drop-in.ts`. */
export const detectMysqlFamily: typeof real.detectMysqlFamily = gated.detectMysqlFamily
