import { setStagedPassword } from './step.ts'
import type { Step } from './step.ts'

/** Everything that leaked before this moment is worthless after it. */
export const retire: Step = {
  name: 'retire',
  title: 'Give the old slot its fresh password, so that the old one is dead',
  reversible: false,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  apply: setStagedPassword,
}
