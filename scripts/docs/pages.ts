/** Which pages are made from which registries. */
import { configJsonSchema } from '../../packages/rotator/src/config/json-schema.ts'
import { ecsIamActions } from '../../packages/rotator/src/adapters/ecs/iam.ts'
import { ecsOperatorIamActions } from '../../packages/rotator/src/adapters/ecs/operator-iam.ts'
import { logsIamActions } from '../../packages/rotator/src/adapters/cloudwatch-logs/iam.ts'
import { rdsIamActions } from '../../packages/rotator/src/adapters/rds/iam.ts'
import {
  iamActions,
  versionsIamActions,
} from '../../packages/rotator/src/adapters/secrets-manager/iam.ts'
import { EVENT_CATALOGUE } from '../../packages/rotator/src/domain/events.ts'
import { REFUSALS } from '../../packages/rotator/src/domain/refusals.ts'
import { ERROR_CATALOGUE } from '../../packages/rotator/src/error-catalogue.ts'
import { RUNBOOK } from '../../packages/rotator/src/steps/runbook.ts'
import { errorsPage } from './errors.ts'
import { eventsPage } from './events.ts'
import { iamPage } from './iam.ts'
import type { Page } from './page.ts'
import { runbookPage } from './runbook.ts'

/** All generated pages. */
export const pages = (): readonly Page[] => [
  errorsPage(ERROR_CATALOGUE, REFUSALS),
  iamPage({
    'AWS Secrets Manager': iamActions,
    'AWS Secrets Manager (`cuedot versions`)': versionsIamActions,
    'Amazon RDS (managed credentials)': rdsIamActions,
    'Amazon ECS (`roll: ecs-service`)': ecsIamActions,
    'Amazon ECS (`cuedot openemr run`)': ecsOperatorIamActions,
    'CloudWatch Logs (`cuedot openemr run`)': logsIamActions,
  }),
  eventsPage(EVENT_CATALOGUE),
  runbookPage(RUNBOOK),
  {
    path: 'packages/rotator/schema/cuedot.schema.json',
    text: `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
  },
]
