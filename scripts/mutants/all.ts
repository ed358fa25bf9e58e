import { DATABASE_MUTANTS } from './databases.ts'
import { DOMAIN_MUTANTS, STEP_MUTANTS } from './domain.ts'
import { FUNCTION_MUTANTS } from './rotation-function.ts'
import { DROP_IN_MUTANTS } from './drop-in.ts'
import { EMERGENCY_MUTANTS } from './emergency.ts'
import { ECS_MUTANTS } from './ecs.ts'
import { ENGINE_MUTANTS } from './engine.ts'
import { KUBERNETES_MUTANTS } from './kubernetes.ts'
import { INITIAL_MUTANTS } from './initial.ts'
import { LEAK_MUTANTS } from './leaks.ts'
import { MANAGED_MUTANTS } from './managed.ts'
import type { Mutant } from './mutant.ts'
import { OPENEMR_FAILURE_MUTANTS } from './openemr-failures.ts'
import { OPERATOR_MUTANTS } from './operator.ts'
import { POOLER_MUTANTS } from './poolers.ts'
import { MYSQL_MUTANTS } from './mysql.ts'
import { POSTGRES_MUTANTS } from './postgres.ts'
import { SOAK_MUTANTS } from './soak.ts'
import { RECORD_MUTANTS } from './records.ts'
import { STORE_MUTANTS } from './stores.ts'
import { TARGET_MUTANTS } from './targets.ts'
import { TWO_PASSWORD_MUTANTS } from './two-passwords.ts'

/** Every planted bug. */
export const MUTANTS: readonly Mutant[] = [
  ...DOMAIN_MUTANTS,
  ...STEP_MUTANTS,
  ...ENGINE_MUTANTS,
  ...DATABASE_MUTANTS,
  ...OPERATOR_MUTANTS,
  ...POOLER_MUTANTS,
  ...MYSQL_MUTANTS,
  ...POSTGRES_MUTANTS,
  ...STORE_MUTANTS,
  ...INITIAL_MUTANTS,
  ...MANAGED_MUTANTS,
  ...TARGET_MUTANTS,
  ...ECS_MUTANTS,
  ...KUBERNETES_MUTANTS,
  ...DROP_IN_MUTANTS,
  ...TWO_PASSWORD_MUTANTS,
  ...LEAK_MUTANTS,
  ...EMERGENCY_MUTANTS,
  ...SOAK_MUTANTS,
  ...RECORD_MUTANTS,
  ...OPENEMR_FAILURE_MUTANTS,
  ...FUNCTION_MUTANTS,
]
