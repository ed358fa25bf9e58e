import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const DOMAIN = unit('src/domain/initial.test.ts')
const ENGINE = unit('src/engine/first-rotation.test.ts')
const SERVER = real('test/initial-mariadb.int.test.ts')
const USERS = real('test/mariadb-users.int.test.ts')

/** Bugs in what leads an application off its initial user, and back. */
export const INITIAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'turns a first rotation back to a slot that never worked',
    harm: 'A rollout that fails leaves the application with a stand-in for a password.',
    file: 'domain/back-out.ts',
    text: 'if (isFirst(r)) return backToInitial(o, r)',
    replacement: '',
    lane: DOMAIN,
  },
  {
    name: 'gives the admin to a consumer that came from a slot',
    harm: 'An application that could read one database can change every user of the server.',
    file: 'domain/initial.ts',
    text: "if (!heals || initial.includes(id)) return 'initial'",
    replacement: "if (initial.length > 0) return 'initial'",
    lane: DOMAIN,
  },
  {
    name: 'turns a first rotation back when the old slot may have its first password',
    harm: 'A password that the database accepts stands in no labelled version of the secret.',
    file: 'domain/initial.ts',
    text: "const onlyStaged = o.store.pending === 'retire' && !o.login[from].current",
    replacement: 'const onlyStaged = o.login[from].locked',
    lane: DOMAIN,
  },
  {
    name: 'lets the initial user be changed',
    harm: 'A bug in what decides gives the admin a new password while the application has the old.',
    file: 'domain/invariants.ts',
    text: "if (slot === 'initial') return returnBreaks(o, action)",
    replacement: "if (slot === 'initial') return undefined",
    lane: DOMAIN,
  },
  {
    name: 'begins the first rotation of a fresh stack without being asked',
    harm: 'A scheduled heal restarts an application that nobody wanted to move.',
    file: 'domain/two-slots.ts',
    text: "if (intent === 'converge') return { kind: 'settled' }\n  return o.sessions",
    replacement: 'return o.sessions',
    lane: DOMAIN,
  },
  {
    name: 'moves consumers again as soon as they are back',
    harm: 'A rollout that fails is tried again without end, each time with two restarts.',
    file: 'domain/two-slots.ts',
    text: 'if (o.trouble || o.initial?.returned || ',
    replacement: 'if (o.trouble || ',
    lane: ENGINE,
  },
  {
    name: 'forgets where consumers came from',
    harm: 'A first rotation that fails cannot be turned back.',
    file: 'engine/documents/record.ts',
    text: '...(Object.keys(initial).length > 0 && { initial }),',
    replacement: '',
    lane: ENGINE,
  },
  {
    name: 'takes the roll back for the one that failed',
    harm: 'The application stays on the credential that it did not come up with.',
    file: 'engine/documents/slot-documents.ts',
    text: "${isBack ? 'initial' : active}",
    replacement: '${active}',
    lane: ENGINE,
  },
  {
    name: 'believes a store that shows no password for a user that exists',
    harm: 'A run that was killed leaves a user whose password stands in no labelled version.',
    file: 'engine/run.ts',
    text: 'placeholder[slot] && (initial === undefined || store.rotation !== undefined)',
    replacement: 'placeholder[slot]',
    lane: ENGINE,
  },
  {
    name: 'publishes the admin with a password of before',
    harm: 'Whoever rotates the admin during a rollout that fails takes the application down.',
    file: 'steps/publish.ts',
    text: 'if (await logins.works(credential)) return credential',
    replacement: 'if (credential.host) return credential',
    lane: ENGINE,
  },
  {
    name: 'takes any password of the admin for the one in use',
    harm: 'A config that holds what does not log in is taken for one that an application runs on.',
    file: 'engine/observe-configs.ts',
    text: "return desk.initialLogin.password.equals(published.password) ? 'initial' : 'dead'",
    replacement: "return 'initial'",
    lane: ENGINE,
  },
  {
    name: 'writes another server name back than the config had',
    harm: 'The file that a failed rotation leaves is not the one that it found.',
    file: 'engine/documents/first.ts',
    text: ', ...rotation?.initial?.[where]',
    replacement: '',
    lane: ENGINE,
  },
  {
    name: 'leaves the stand-in of a host in the secret',
    harm: 'After the first rotation the application is pointed at a server that does not exist.',
    file: 'engine/documents/slot-documents.ts',
    text: '...placed(openingRecord(this.#run, slot)) }',
    replacement: 'rotation: openingRecord(this.#run, slot) }',
    lane: SERVER,
  },
  {
    name: 'grants on every database that the name fits as a pattern',
    harm: 'The user of one application can change the data of another.',
    file: 'adapters/mysql/protocol/template.ts',
    text: 'onDatabase(hasAll ? dbname : escaped)',
    replacement: 'onDatabase(dbname)',
    lane: USERS,
  },
  {
    name: 'makes users that may log in without TLS',
    harm: 'A client that is set up wrongly sends its password in clear and nothing stops it.',
    file: 'adapters/mysql/protocol/template.ts',
    text: "tls && entry.requirement.kind === 'none' ?",
    replacement: "!tls && entry.requirement.kind === 'none' ?",
    lane: USERS,
  },
]
