/** Root of the sources, where this file is run as source. */
const root = new URL('../../', import.meta.url).href

/**
 * The built file of a source of this project, for another thread or process, which runs nothing but built files: beside
 * the file that asks once that is built, below `dist` where it is run as source (by a test).
 */
export function builtModule(source: URL): URL {
  const built = source.href.replace(/\.ts$/, '.js')
  if (!import.meta.url.endsWith('.ts')) return new URL(built)
  return new URL(`dist/${built.slice(root.length)}`, root)
}
