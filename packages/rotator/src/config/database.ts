import * as z from 'zod'
import { filePath, nonEmpty } from './fields.ts'
import type { DatabaseConfig, EndpointConfig, TlsConfig } from './types.ts'

const DEFAULT_PORT = { postgres: 5432, mariadb: 3306, mysql: 3306 } as const

/** The database whose credentials these are. `folder`: where relative paths start. */
export function databaseSchema(folder: string): z.ZodType<DatabaseConfig> {
  const endpoint = nonEmpty()
    .refine((text) => parseEndpoint(text, 1) !== undefined, {
      error: 'must be host:port (an IPv6 address in brackets), port 1 to 65535',
    })
    .describe('host:port, or a host with the engine’s default port.')
  return z
    .strictObject({
      engine: z
        .enum(['postgres', 'mariadb', 'mysql'])
        .describe(
          'What the server is: PostgreSQL 13 or newer, MariaDB 10.4 or newer, ' +
            'MySQL 8.0.19 or newer.',
        ),
      endpoints: z
        .array(endpoint)
        .min(1, 'must name at least one endpoint')
        .describe('The servers: the writer first, then replicas or readers.'),
      poolers: z
        .array(endpoint)
        .default([])
        .describe(
          'Poolers and proxies that applications connect to (PgBouncer, HAProxy, RDS Proxy): ' +
            'a login must be accepted there, too; sessions are counted on the servers.',
        ),
      dbname: z
        .string()
        .default('')
        .describe('The database that applications use; its privileges are compared.'),
      tls: tlsSchema(folder).describe('How connections are protected.'),
    })
    .superRefine(({ endpoints, poolers, tls }, context) => {
      const all = [...endpoints, ...poolers]
      if (new Set(all).size < all.length)
        context.addIssue({ code: 'custom', path: ['endpoints'], message: 'names one twice' })
      const remote = all.some((text) => !isLoopback(parseEndpoint(text, 1)?.host ?? ''))
      if (tls.mode === 'off' && remote)
        context.addIssue({
          code: 'custom',
          path: ['tls'],
          message:
            'may be off for 127.0.0.0/8, ::1 and localhost only: passwords would travel in clear',
        })
    })
    .transform(({ engine, endpoints, poolers, ...rest }) => {
      const parsed = (texts: readonly string[]): readonly EndpointConfig[] =>
        texts.flatMap((text) => parseEndpoint(text, DEFAULT_PORT[engine]) ?? [])
      return { ...rest, engine, endpoints: parsed(endpoints), poolers: parsed(poolers) }
    })
}

function tlsSchema(folder: string): z.ZodType<TlsConfig> {
  const named = z.enum(['verify', 'off']).transform((mode): TlsConfig => ({ mode }))
  const own = z
    .strictObject({
      ca: filePath(folder)
        .exactOptional()
        .describe('PEM file of a CA that is trusted beside the system’s and Amazon’s RDS bundle.'),
      server_name: nonEmpty()
        .exactOptional()
        .describe('The name that the certificate carries, where that is not the host.'),
    })
    .transform(({ ca, server_name: name }): TlsConfig => ({
      mode: 'verify',
      ...(ca !== undefined && { caFile: ca }),
      ...(name !== undefined && { serverName: name }),
    }))
  return z.union([named, own]).prefault('verify')
}

/** Splits `host:port`, `host`, `[v6]:port` or `[v6]`; undefined for anything else. */
function parseEndpoint(text: string, defaultPort: number): EndpointConfig | undefined {
  const [, v6, host, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const name = v6 ?? host
  const port = digits === undefined ? defaultPort : Number(digits)
  return name === undefined || port < 1 || port > 65_535 ? undefined : { host: name, port }
}

/** The connection checks this again, with the address that it really talks to. */
function isLoopback(host: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1' || host.toLowerCase() === 'localhost'
}
