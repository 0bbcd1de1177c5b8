// @ts-check
// What stands in the place of modules that a page does not have, or has otherwise, where its scripts are joined: scripts/page.mjs makes the pages so,
// scripts/browser-bundle.mjs what tests run with a page's means.
import { readFileSync } from 'node:fs'

/**
 * What no page uses, though modules that it uses name it: a browser goes through its own proxy; and nobody asks a schema for its JSON Schema,
 * whose writer is a tenth of the smaller checker. The library makes each method when it is first asked for.
 */
const unused = ['/zod/v4/core/json-schema-processors.js', '/zod/v4/core/to-json-schema.js']
export const pageModules = {
  name: 'page-modules',
  load(id) {
    if (/\/src\/client\/proxy\.[jt]s$/.test(id)) return 'export const proxyFetch = fetch'
    // What to do is said in the words of the page, by the topic of a code; the table's own, for commands, is a tenth of the smaller checker.
    if (id.endsWith('/dist/src/core/errors.js'))
      return readFileSync(id, 'utf8').replace(
        /^(\s+(?:'[^']+': \{ .*)?action: )('[^'\n]*'|\w+)(?=,?( \},)?$)/gm,
        "$1''",
      )
    // What a schema of the API is described by is for its document, which no page makes.
    if (/\/dist\/src\/api\/[^/]+\.js$/.test(id))
      return readFileSync(id, 'utf8').replace(/\.describe\(\s*'[^'\n]*'(?:\s*\+\s*'[^'\n]*')*,?\s*\)/g, '')
    if (id.endsWith('/zod/v4/core/core.js')) return withoutEval(readFileSync(id, 'utf8'))
    if (!unused.some((end) => id.endsWith(end))) return null
    const text = readFileSync(id, 'utf8')
    const names = [...text.matchAll(/^export (?:const|function) (\w+)|^export \{ \w+ as (\w+) \}/gm)]
    return `const none = () => () => undefined; export { ${names.map(([, a, b]) => `none as ${a ?? b}`).join(', ')} }`
  },
}

/** What the smaller checker never comes to, though modules that it uses name it: it refuses packages, so there is nothing to tell of one. */
export const coreModules = {
  name: 'core-modules',
  load: (id) => (id.endsWith('/src/told/package.js') ? 'export const packageParts = () => undefined' : null),
}

/**
 * The content policy of the pages forbids `new Function`, and tells the console of every try: zod makes none from its first schema on, whichever file of the
 * page is run first.
 */
function withoutEval(text) {
  const made = text.replace('__zod_globalConfig = {})', '__zod_globalConfig = { jitless: true })')
  if (made === text) throw new Error('zod keeps its settings otherwise than it did: mend scripts/page-modules.mjs')
  return made
}
