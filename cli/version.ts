import { existsSync, readFileSync } from 'node:fs'

/** The package's version; the built file lies two folders below it, the source one. */
function readVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    const url = new URL(up, import.meta.url)
    if (existsSync(url)) return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
  }
  return '0.0.0'
}

export const version: string = readVersion()
