// Goal: a library with a pool of its own does not notice either that the credential changes: it
// asks for the credential where it connects, and drops what was made with another. Method: the
// hooks of its own documentation, on real servers; the tests of the libraries that take our pools.
import { QueryTypes, Sequelize } from 'sequelize'
import type { Options, Transaction } from 'sequelize'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { isObject, librariesTests, libraryOf, nameIn } from './libraries-tests.ts'
import type { Given, Library, Makers } from './libraries-tests.ts'

/** Has a pool of its own: a connection asks for the credential, and lives as long as that does. */
async function sequelizeOf(
  { credentials, ssl }: Given,
  { text, ...options }: Options & { readonly text: string },
): Promise<Library> {
  const versions = new WeakMap<object, string | undefined>()
  const isCurrent = (connection: object): boolean =>
    versions.get(connection) === credentials.current?.versionId && isAlive(db, connection)
  const db = new Sequelize({
    ...{ ...options, logging: false, dialectOptions: { ssl } },
    pool: { max: 2, validate: isCurrent },
  })
  db.addHook('beforeConnect', async (config) => {
    const { credential, versionId } = await credentials.get()
    versions.set(config, versionId)
    const { username, password, port, dbname } = credential
    const login = { username, password: password.reveal() }
    Object.assign(config, { ...login, host: 'localhost', port, database: dbname })
  })
  db.addHook('afterConnect', (connection, config) => {
    if (isObject(connection)) versions.set(connection, versions.get(config))
  })
  return libraryOf<{ readonly transaction?: Transaction }>({
    db: {},
    user: async (on) => nameIn({ rows: await db.query(text, { ...on, type: QueryTypes.SELECT }) }),
    begin: (work) => db.transaction((transaction) => work({ transaction })),
    end: () => db.close(),
  })
}

/** What Sequelize itself asks where it is given no `validate`. */
function isAlive({ connectionManager }: Sequelize, connection: object): boolean {
  const validate: unknown = Reflect.get(connectionManager, 'validate')
  return typeof validate === 'function' && validate.call(connectionManager, connection) === true
}

const ON_POSTGRES: Makers = {
  Sequelize: (given) =>
    sequelizeOf(given, { dialect: 'postgres', text: 'SELECT session_user AS name' }),
}
const ON_MYSQL: Makers = {
  Sequelize: (given) =>
    sequelizeOf(given, {
      dialect: 'mysql',
      text: "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS name",
    }),
}

librariesTests({ name: 'PostgreSQL', start: () => postgresRig(), makers: ON_POSTGRES })
librariesTests({ name: 'MariaDB', start: () => mariadbRig(), makers: ON_MYSQL })
librariesTests({ name: 'MySQL', start: () => mysqlRig(), makers: ON_MYSQL })
