/** What the client promises to everyone who installs it. */
import type { FileRule } from './source.ts'

/** The client has no runtime dependencies. */
export const clientManifest: FileRule = {
  name: 'client-manifest',
  check: ({ path, text, lines }) => {
    if (path !== 'packages/client/package.json') return []
    const manifest: unknown = JSON.parse(text)
    if (typeof manifest !== 'object' || manifest === null) return []
    return ['dependencies', 'optionalDependencies']
      .filter((field) => field in manifest)
      .map((field) => ({
        line: lines.findIndex((line) => line.includes(`"${field}"`)) + 1,
        message: `${field}: the client depends on nothing`,
      }))
  },
}
