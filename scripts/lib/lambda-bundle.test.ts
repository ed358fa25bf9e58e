// Goal: what Lambda gets is one file with all that it needs and little that it does not.
import { isBuiltin } from 'node:module'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FUNCTIONS, bundleFunction } from './lambda-bundle.ts'

/** In bytes. Lambda fetches and unpacks it at each cold start. */
const COMPRESSED_LIMIT = 450_000

/** Asked for by a driver only where somebody has asked the driver for it. */
const OPTIONAL = ['cardinal', 'pg-native']

describe.each(FUNCTIONS)('the bundle of the function $name', async (made) => {
  const bundled = await bundleFunction(made)
  const packages = (wanted: RegExp): readonly string[] =>
    bundled.inputs.filter((input) => wanted.test(input))

  test('is the same byte for byte each time', async () => {
    const again = await bundleFunction(made)
    expect(Buffer.compare(again.code, bundled.code)).toBe(0)
    expect(again.licenses).toBe(bundled.licenses)
  })

  test('is small enough', () => {
    expect(gzipSync(bundled.code, { level: 9 }).length).toBeLessThan(COMPRESSED_LIMIT)
  })

  test('imports nothing but what Node has', () => {
    const outside = bundled.imports.filter((path) => !isBuiltin(path))
    expect(outside.filter((path) => !OPTIONAL.includes(path))).toEqual([])
  })

  test('holds nothing of configuration files, the command line and Kubernetes', () => {
    const unwanted = /node_modules\/(zod|yaml|listr2|commander|@kubernetes|esbuild|fflate)\//
    expect(packages(unwanted)).toEqual([])
    expect(packages(/packages\/(testkit|agent|rotator\/src\/(cli|config))\//)).toEqual([])
  })

  test('holds no program that is started for a credential', () => {
    const others = /node_modules\/@aws-sdk\/credential-provider-(ini|process|sso|web-identity)\//
    expect(packages(others)).toEqual([])
    expect(bundled.imports.filter((path) => path.endsWith('child_process'))).toEqual([])
  })

  test('comes with the licence of each package in it', () => {
    const folders = bundled.inputs.flatMap(
      (input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(input)?.[1] ?? [],
    )
    expect(folders).toContain('@smithy/core')
    for (const folder of new Set(folders)) expect(bundled.licenses).toContain(`\n${folder}@`)
    expect(bundled.licenses).toMatch(/^cuedot@\d/)
  })
})

test('the bundle of the function rotation holds the certificate authorities of RDS', async () => {
  const rotation = FUNCTIONS.find(({ name }) => name === 'rotation')
  const { code } = await bundleFunction(rotation!)
  const found = Buffer.from(code)
    .toString()
    .match(/-----BEGIN CERTIFICATE-----/g)
  expect(found?.length).toBeGreaterThan(50)
})
