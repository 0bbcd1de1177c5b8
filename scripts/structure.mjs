/* Prints the figures of the structure (docs/design/layers.md): npm run structure [-- --json] */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const tracked = execFileSync('git', ['ls-files', 'src', 'server', 'cli', 'tests'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && existsSync(join(root, path)))
const sources = tracked.filter((path) => !path.startsWith('tests/'))
const tests = tracked.filter((path) => path.endsWith('.test.ts'))
const textOf = new Map(sources.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
const linesOf = new Map([...textOf].map(([path, text]) => [path, text.split('\n').length - 1]))

/** The value below which a share of a list lies. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/** Files that a file imports; types count where `withTypes`. */
function importsOf(path, withTypes) {
  const out = new Set()
  for (const [, isType, from] of textOf.get(path).matchAll(/^(?:import|export)( type)? [^;]*?from '(\.[^']+)'/gm)) {
    if (isType !== undefined && !withTypes) continue
    const target = relative(root, join(root, dirname(path), from))
    if (textOf.has(target)) out.add(target)
  }
  return [...out]
}

/** Sets of files that import one another (Tarjan's strongly connected components of more than one). */
function circles(edges) {
  const [index, low, stack, on, found] = [new Map(), new Map(), [], new Set(), []]
  const visit = (node) => {
    index.set(node, index.size)
    low.set(node, index.get(node))
    stack.push(node)
    on.add(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next)
        low.set(node, Math.min(low.get(node), low.get(next)))
      } else if (on.has(next)) low.set(node, Math.min(low.get(node), index.get(next)))
    }
    if (low.get(node) !== index.get(node)) return
    const part = []
    let last
    do {
      last = stack.pop()
      on.delete(last)
      part.push(last)
    } while (last !== node)
    if (part.length > 1) found.push(part.sort((a, b) => (a < b ? -1 : 1)))
  }
  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return found
}

/** Layer of a file: its folder with a tsconfig.json. */
function layerOf(path) {
  for (let at = dirname(path); at !== '.'; at = dirname(at)) if (existsSync(join(root, at, 'tsconfig.json'))) return at
  return ''
}

/** Imports of a layer that its tsconfig.json does not refer to. */
function upward() {
  const out = []
  const allowed = new Map()
  for (const path of sources) {
    const own = layerOf(path)
    if (!allowed.has(own)) {
      const { references = [] } = JSON.parse(readFileSync(join(root, own, 'tsconfig.json'), 'utf8'))
      allowed.set(own, new Set(references.map((one) => relative(root, join(root, own, one.path)))))
    }
    for (const target of importsOf(path, true)) {
      const layer = layerOf(target)
      if (layer !== own && !allowed.get(own).has(layer)) out.push(`${path} -> ${target}`)
    }
  }
  return out
}

/** Names that a file exports, types too, through what it re-exports. */
function namesOf(path) {
  const text = textOf.get(path)
  const names = new Set()
  const declared = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|class|type|interface) (\w+)/gm
  for (const [, name] of text.matchAll(declared)) names.add(name)
  for (const [, list] of text.matchAll(/^export (?:type )?\{([^}]*)\}/gm))
    for (const one of list.split(',')) if (one.trim() !== '') names.add(one.trim().replace(/^.* as |^type /, ''))
  for (const [, from] of text.matchAll(/^export (?:type )?\* from '(\.[^']+)'/gm))
    for (const name of namesOf(relative(root, join(root, dirname(path), from)))) names.add(name)
  return names
}

/** How many names the layers' index files export. */
function exportedNames() {
  const barrels = sources.filter((path) => path.endsWith('/index.ts'))
  return Object.fromEntries(barrels.map((path) => [dirname(path), namesOf(path).size]))
}

/** Names that the package's entry points have at run time, each name once. */
async function publicNames() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const names = new Set()
  for (const target of Object.values(exports)) {
    if (typeof target !== 'object') continue
    for (const name of Object.keys(await import(join(root, target.default)))) names.add(name)
  }
  return names.size
}

/** Source files of more than 60 lines without a test of their name. */
function untested() {
  const names = new Set(tests.map((path) => path.replace(/^.*\//, '').replace('.test.ts', '')))
  return sources.filter((path) => linesOf.get(path) > 60 && !names.has(path.replace(/^.*\//, '').replace('.ts', '')))
}

/** The ways in CONTRIBUTING.md: a heading "### A deposit" and the list of files below it. */
function ways() {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const out = {}
  for (const [, name, list] of text.matchAll(/^### (.+)\n\n((?:\d+\. .*\n(?: .*\n)*)+)/gm))
    out[name] = [...list.matchAll(/^\d+\. `([^`]+)`/gm)].length
  return out
}

const values = new Map(sources.map((path) => [path, importsOf(path, false)]))
const withTypes = new Map(sources.map((path) => [path, importsOf(path, true)]))
const exported = exportedNames()
const figures = {
  lines: [...linesOf.values()].reduce((sum, count) => sum + count, 0),
  files: sources.length,
  medianLines: quantile(linesOf.values(), 0.5),
  ninetiethLines: quantile(linesOf.values(), 0.9),
  exportedNames: Object.values(exported).reduce((sum, count) => sum + count, 0),
  exportedByLayer: exported,
  publicNames: await publicNames(),
  circlesOfFiles: circles(values),
  circlesWithTypes: circles(withTypes),
  arrowsUpward: upward(),
  ways: ways(),
  untested: untested(),
}
if (process.argv.includes('--json')) console.log(JSON.stringify(figures, null, 2))
else {
  for (const [name, value] of Object.entries(figures)) {
    const list = Array.isArray(value) ? [`${value.length}`, ...value.map((one) => `    ${one}`)] : undefined
    console.log(list === undefined ? `${name}: ${JSON.stringify(value)}` : `${name}: ${list.join('\n')}`)
  }
}
