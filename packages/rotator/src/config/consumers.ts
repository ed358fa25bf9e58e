import * as z from 'zod'
import { duration, filePath, httpUrl, id, nonEmpty } from './fields.ts'
import type { MappingConfig, PublishConfig, RollConfig } from './types.ts'

const ID_MEANS = 'Stands in plans and messages; unique in its list.'

/** What a config target calls each value; `what`: what such a name is called, as `Key`. */
function mapping(name: z.ZodString, what: string): z.ZodType<MappingConfig> {
  return z.strictObject({
    username: name.describe(`${what} of the user.`),
    password: name.describe(`${what} of the password.`),
    host: name.exactOptional().describe(`${what} of the host; untouched where not named.`),
    port: name.exactOptional().describe(`${what} of the port; untouched where not named.`),
    dbname: name.exactOptional().describe(`${what} of the database; untouched where not named.`),
    version: name
      .exactOptional()
      .describe(`${what} of the credential’s version, for the sessions of a dual-password target.`),
  })
}

/** A place where consumers find the credential. `folder`: where relative paths start. */
export function publishSchema(folder: string): z.ZodType<PublishConfig> {
  const name = id().describe(ID_MEANS)
  const path = filePath(folder)
  const key = z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of an environment variable')
  const pointer = z
    .string()
    .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, 'must be a JSON pointer (RFC 6901), as /db/password')
  return z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('dotenv').describe('A .env file.'),
      id: name,
      path: path.describe('The .env file.'),
      keys: mapping(key, 'Key').describe('Which keys hold the credential.'),
    }),
    z.strictObject({
      kind: z.literal('json').describe('A JSON file.'),
      id: name,
      path: path.describe('The JSON file.'),
      pointers: mapping(pointer, 'JSON pointer').describe('Which values hold the credential.'),
    }),
    z.strictObject({
      kind: z.literal('php-sqlconf').describe('OpenEMR’s sites/<site>/sqlconf.php.'),
      id: name,
      path: path.describe('The sqlconf.php.'),
    }),
    secretSchema(folder, name),
  ])
}

/** What makes consumers pick a credential up. `folder`: where relative paths start. */
export function rollSchema(folder: string): z.ZodType<RollConfig> {
  const name = id().describe(ID_MEANS)
  const limit = duration({ least: '1s', most: '1d', default: '5m' })
  return z.discriminatedUnion('kind', [
    commandSchema(folder, name, limit),
    healthSchema(folder, name, limit),
    ecsSchema(name),
    deploymentSchema(folder, name),
    z.strictObject({
      kind: z.literal('none').describe('Consumers pick credentials up by themselves.'),
      id: name,
    }),
  ])
}

function commandSchema(folder: string, name: z.ZodString, limit: z.ZodType<number>) {
  return z
    .strictObject({
      kind: z.literal('command').describe('A command; exit code 0 says that it succeeded.'),
      id: name,
      argv: z
        .tuple([nonEmpty()], z.string())
        .describe('Program and arguments. No shell reads them. Must bear being run again.'),
      limit: limit.describe('After this its whole process group is ended, and it has failed.'),
      cwd: filePath(folder).prefault('.').describe('Where it runs. Default: beside this file.'),
      inherit: z
        .array(nonEmpty())
        .default([])
        .describe(
          'Names of environment variables that it gets besides PATH, HOME, LANG and the like.',
        ),
    })
    .transform(({ limit: limitMs, ...rest }) => ({ ...rest, limitMs }))
}

function healthSchema(folder: string, name: z.ZodString, limit: z.ZodType<number>) {
  return z
    .strictObject({
      kind: z.literal('http-health').describe('A page that is well only while logins work.'),
      id: name,
      url: httpUrl().describe('The page. Choose one that logs in to the database.'),
      expect: z
        .array(z.int().min(100).max(599))
        .min(1, 'must name at least one status')
        .default([200])
        .describe('Statuses that count as well. Redirects are not followed.'),
      successes: z.int().min(1).max(100).default(3).describe('Good answers needed in a row.'),
      interval: duration({ least: '50ms', most: '1m', default: '1s' }).describe(
        'Between two probes.',
      ),
      timeout: duration({ least: '100ms', most: '1m', default: '5s' }).describe('For one probe.'),
      limit: limit.describe('After this it has failed.'),
      ca: filePath(folder).exactOptional().describe('PEM file of a CA that is trusted as well.'),
    })
    .transform(({ limit: limitMs, interval, timeout, ca, ...rest }) => ({
      ...rest,
      limitMs,
      intervalMs: interval,
      timeoutMs: timeout,
      ...(ca !== undefined && { caFile: ca }),
    }))
}

/** A service of Amazon ECS whose tasks are replaced so that they start with the credential. */
function ecsSchema(name: z.ZodString) {
  return z
    .strictObject({
      kind: z
        .literal('ecs-service')
        .describe('A service of Amazon ECS; a new deployment of it is forced.'),
      id: name,
      cluster: nonEmpty().describe('Name or ARN of the cluster.'),
      service: nonEmpty().describe('Name or ARN of the service.'),
      region: nonEmpty()
        .exactOptional()
        .describe('AWS region. Default: as the AWS SDK finds it in the environment.'),
      endpoint: httpUrl().exactOptional().describe('Another address of ECS.'),
      limit: duration({ least: '1s', most: '1d', default: '30m' }).describe(
        'After this it has failed.',
      ),
      poll: duration({ least: '50ms', most: '10m', default: '15s' }).describe(
        'Longest time between two looks; the first ones come sooner.',
      ),
    })
    .transform(({ limit: limitMs, poll, ...rest }) => ({
      ...rest,
      limitMs,
      pollMs: Math.min(poll, limitMs),
    }))
}

/** A Secret in which consumers find the credential. `folder`: where relative paths start. */
function secretSchema(folder: string, name: z.ZodString) {
  const key = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, 'must be a key of a Secret')
  return z.strictObject({
    kind: z.literal('kubernetes-secret').describe('A Secret of Kubernetes.'),
    id: name,
    ...cluster(folder),
    name: objectName().describe('The Secret. cuedot does not make it.'),
    keys: mapping(key, 'Key').describe('Which keys of `data` hold the credential.'),
    type: nonEmpty()
      .exactOptional()
      .describe('What its type must be. Default: it does not matter.'),
  })
}

/** A Deployment whose pods are replaced so that they start with the credential. */
function deploymentSchema(folder: string, name: z.ZodString) {
  return z
    .strictObject({
      kind: z.literal('kubernetes-deployment').describe('A Deployment of Kubernetes.'),
      id: name,
      ...cluster(folder),
      name: objectName().describe('The Deployment. Its pods are replaced as it is set up to.'),
      limit: duration({ least: '1s', most: '1d', default: '30m' }).describe(
        'After this the roll has failed.',
      ),
      poll: duration({ least: '100ms', most: '5m', default: '15s' }).describe(
        'Between two looks at it.',
      ),
    })
    .transform(({ limit: limitMs, poll: pollMs, ...rest }) => ({ ...rest, limitMs, pollMs }))
}

/** @see Kubernetes documentation, "Object Names and IDs": DNS labels and subdomains */
function cluster(folder: string) {
  const label = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a namespace')
  return {
    namespace: label.describe('The namespace.'),
    kubeconfig: filePath(folder)
      .exactOptional()
      .describe(
        'A kubeconfig. Default: the service account of the pod; outside of a pod KUBECONFIG, ' +
          'then ~/.kube/config.',
      ),
    context: nonEmpty()
      .exactOptional()
      .describe('A context of the kubeconfig. Default: its current one.'),
  }
}

function objectName() {
  return z
    .string()
    .regex(
      /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/,
      'must be the name of an object of Kubernetes',
    )
}
