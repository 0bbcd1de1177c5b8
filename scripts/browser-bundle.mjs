// @ts-check
// Joins what a page needs into one script: tests/interop/browser-bundle.test.ts holds it to a browser's means and to the sizes of docs/design/faces.md.
import { rolldown } from 'rolldown'
import { pageModules } from './page-modules.mjs'

/**
 * One script out of a module and all that it imports.
 * @param {string} input the module
 * @param {{ name: string, minify: boolean }} options the global variable that its exports become
 * @returns {Promise<{ code: string, imports: string[] }>} the script, and what could not be joined: nothing, where all of it runs in a browser
 */
export async function browserBundle(input, { name, minify }) {
  // What is left outside is told of, not warned about.
  const bundle = await rolldown({ input, platform: 'browser', plugins: [pageModules], onwarn: () => {} })
  try {
    const { output } = await bundle.generate({ format: 'esm', minify: false, codeSplitting: false })
    const own = output.map(({ fileName }) => fileName)
    const named = output.flatMap((one) => (one.type === 'chunk' ? [...one.imports, ...one.dynamicImports] : []))
    const imports = named.filter((one) => !own.includes(one))
    const script = await bundle.generate({ format: 'iife', name, minify, codeSplitting: false })
    return { code: script.output[0].code, imports }
  } finally {
    await bundle.close()
  }
}
