// Plain JavaScript that every Node can read: an older one cannot load the TypeScript that follows,
// and would say so in words that help nobody. Preloaded by `node --import`.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `cuedot needs Node 22.18 or newer to run its TypeScript, and this is ${process.versions.node}. ` +
      'On Linux x64 `npm ci` brings Node 24 along, unless optional dependencies are left out; ' +
      'elsewhere install Node 24 from https://nodejs.org.',
  )
  process.exit(1)
}
