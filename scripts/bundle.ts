/** `npm run bundle -- FOLDER`: the program with all that it needs, for an image. */
import { resolve } from 'node:path'
import { bundleProgram } from './lib/bundle.ts'

const [folder, ...more] = process.argv.slice(2)
if (folder === undefined || more.length > 0) {
  console.error('usage: npm run bundle -- FOLDER')
  process.exit(2)
}
await bundleProgram(resolve(folder))
