import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/*
 * A real certification authority and a real time-stamping authority, made with openssl in a folder: certificates of any dates, revocation
 * lists, tokens of any time (libfaketime), and an HTTP server that runs "openssl ts -reply".
 */

export const day: number = 24 * 3600 * 1000

/** The library, wherever the distribution puts it. */
function faketimeLibrary(): string {
  const places = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime', 'libfaketime.so.1'))
  const found = places.find((path) => existsSync(path))
  if (found === undefined) throw new Error('this test needs the program faketime, which is not installed')
  return found
}

/** The environment of a program whose clock stands at `atMs` when it starts. */
export function atTime(atMs: number | undefined): Record<string, string> {
  if (atMs === undefined) return {}
  const seconds = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
  return { LD_PRELOAD: faketimeLibrary(), FAKETIME: `@${seconds}`, TZ: 'UTC' }
}

/** Runs openssl, and throws with what it said where it fails. */
export function openssl(cwd: string, args: readonly string[], atMs?: number): string {
  const env = { ...process.env, LC_ALL: 'C', ...atTime(atMs) }
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { cwd, env })
  if (error !== undefined) throw error
  if (status !== 0)
    throw new Error(`openssl ${args.join(' ')} ended with ${status}: ${stdout.toString()}${stderr.toString()}`)
  return stdout.toString()
}

const config = `
[ca]
default_ca=own
[own]
dir=.
database=index.txt
serial=serial
crlnumber=crlnumber
new_certs_dir=issued
default_md=sha256
default_days=365
default_crl_days=30
policy=any
unique_subject=no
[any]
commonName=supplied
organizationName=optional
[req]
distinguished_name=dn
prompt=no
[dn]
CN=x
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[tsa]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[tsa_not_critical]
extendedKeyUsage=timeStamping
[tsa_two_uses]
extendedKeyUsage=critical,timeStamping,serverAuth
[tsa_constrained]
extendedKeyUsage=critical,timeStamping
nameConstraints=critical,permitted;DNS:example
[tsa_encrypts]
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=critical,timeStamping
[tsa_deciphers]
keyUsage=critical,digitalSignature,decipherOnly
extendedKeyUsage=critical,timeStamping
`

/** An element of DER by its tag, of what it holds. */
export function derOf(tag: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return new Uint8Array(Buffer.concat([Buffer.of(tag, ...head), content]))
}

/** An INTEGER of DER, of a number that is not negative, under a tag. */
export function derInteger(value: number, tag = 0x02): Uint8Array {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return derOf(tag, (bytes[0] as number) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]))
}

/** A TSTInfo of some bytes, with a time as it is given, under a tag, and the parts that stand after it. */
export function timeInfoOf(data: Uint8Array, time: string, after: readonly Uint8Array[] = [], tag = 0x18): Uint8Array {
  const oid = (hex: string): Uint8Array => derOf(0x06, Buffer.from(hex, 'hex'))
  const imprint = derOf(
    0x30,
    derOf(0x30, oid('608648016503040201'), derOf(0x05)),
    derOf(0x04, createHash('sha256').update(data).digest()),
  )
  return derOf(0x30, derInteger(1), oid('2a0304'), imprint, derInteger(5), derOf(tag, time), ...after)
}

function tsaConfig(options: { readonly accuracy: boolean; readonly ess: string }): string {
  return `
[tsa]
default_tsa=own
[own]
serial=./tsa-serial
crypto_device=builtin
digests=sha1,sha256,sha384,sha512
default_policy=1.2.3.4.1
${options.accuracy ? 'accuracy=secs:1,millisecs:500' : ''}
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
ess_cert_id_alg=${options.ess}
signer_digest=sha256
`
}

const keyOptions: Readonly<Record<string, readonly string[]>> = {
  ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  weak: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
}

export interface IssueOptions {
  readonly from?: number
  readonly to?: number
  /** A section of the configuration: which extensions. */
  readonly extensions?: string
  readonly key?: 'ec' | 'rsa' | 'weak'
}

const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`

/** A certification authority in a folder of its own. */
export class TestAuthority {
  readonly folder: string
  readonly name: string
  private count = 0

  private constructor(folder: string, name: string) {
    this.folder = folder
    this.name = name
  }

  /** A root. */
  static root(parent: string, name: string, key: 'ec' | 'rsa' = 'ec'): TestAuthority {
    const authority = TestAuthority.prepare(parent, name, key)
    const { folder } = authority
    const args = ['req', '-new', '-x509', '-key', 'ca.key', '-subj', `/CN=${name}/O=Test`, '-days', '7300']
    openssl(folder, [...args, '-config', 'ca.cnf', '-extensions', 'root', '-out', 'ca.pem'], Date.now() - 3650 * day)
    return authority
  }

  /** An authority below this one. */
  authority(name: string): TestAuthority {
    const below = TestAuthority.prepare(this.folder, name, 'ec')
    openssl(below.folder, [
      'req',
      '-new',
      '-key',
      'ca.key',
      '-subj',
      `/CN=${name}/O=Test`,
      '-config',
      'ca.cnf',
      '-out',
      'ca.csr',
    ])
    this.sign(join(below.folder, 'ca.csr'), join(below.folder, 'ca.pem'), {
      extensions: 'root',
      from: Date.now() - 3000 * day,
      to: Date.now() + 3000 * day,
    })
    return below
  }

  private static prepare(parent: string, name: string, key: 'ec' | 'rsa'): TestAuthority {
    const folder = join(parent, name.replace(/\W/g, '-'))
    mkdirSync(join(folder, 'issued'), { recursive: true })
    writeFileSync(join(folder, 'ca.cnf'), config)
    writeFileSync(join(folder, 'index.txt'), '')
    writeFileSync(join(folder, 'serial'), '01\n')
    writeFileSync(join(folder, 'crlnumber'), '01\n')
    openssl(folder, ['genpkey', ...(keyOptions[key] as string[]), '-out', 'ca.key'])
    return new TestAuthority(folder, name)
  }

  private sign(request: string, out: string, { from, to, extensions = 'tsa' }: IssueOptions): void {
    const dates = ['-startdate', stamp(from ?? Date.now() - 365 * day), '-enddate', stamp(to ?? Date.now() + 365 * day)]
    const args = [
      'ca',
      '-batch',
      '-notext',
      '-config',
      'ca.cnf',
      '-cert',
      'ca.pem',
      '-keyfile',
      'ca.key',
      '-extensions',
      extensions,
    ]
    openssl(this.folder, [...args, ...dates, '-in', request, '-out', out])
  }

  /** The certificate, PEM. */
  get pem(): string {
    return readFileSync(join(this.folder, 'ca.pem'), 'utf8')
  }

  /** A time-stamping authority whose certificate this one issues. */
  timeStamper(name: string, options: IssueOptions = {}): TestTimeStamper {
    const folder = join(this.folder, `tsa-${++this.count}`)
    mkdirSync(folder)
    openssl(folder, ['genpkey', ...(keyOptions[options.key ?? 'ec'] as string[]), '-out', 'tsa.key'])
    openssl(folder, [
      'req',
      '-new',
      '-key',
      'tsa.key',
      '-subj',
      `/CN=${name}/O=Test`,
      '-config',
      join(this.folder, 'ca.cnf'),
      '-out',
      'tsa.csr',
    ])
    this.sign(join(folder, 'tsa.csr'), join(folder, 'tsa.pem'), options)
    return new TestTimeStamper(folder, this)
  }

  /** Revokes a certificate at a time, for a reason of openssl's list or for none. */
  revoke(certificate: string, atMs: number, reason?: string): void {
    const args = ['ca', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-revoke', certificate]
    openssl(this.folder, reason === undefined ? args : [...args, '-crl_reason', reason], atMs)
  }

  /** A revocation list of a time (now unless given), DER. */
  crl(atMs?: number): Uint8Array {
    openssl(
      this.folder,
      ['ca', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-gencrl', '-out', 'crl.pem'],
      atMs,
    )
    openssl(this.folder, ['crl', '-in', 'crl.pem', '-outform', 'DER', '-out', 'crl.der'])
    return new Uint8Array(readFileSync(join(this.folder, 'crl.der')))
  }
}

export interface StampOptions {
  readonly atMs?: number
  readonly hash?: string
  readonly accuracy?: boolean
  /** Hash of the certificate in the token. */
  readonly ess?: 'sha1' | 'sha256' | 'sha512'
  readonly certificates?: boolean
}

/** A time-stamping authority. */
export class TestTimeStamper {
  readonly folder: string
  readonly issuer: TestAuthority

  constructor(folder: string, issuer: TestAuthority) {
    this.folder = folder
    this.issuer = issuer
  }

  /** Path of the certificate, PEM. */
  get certificate(): string {
    return join(this.folder, 'tsa.pem')
  }

  /** Answers a query, DER both, at a time. */
  reply(query: Uint8Array, { atMs, accuracy = true, ess = 'sha256' }: StampOptions = {}): Uint8Array {
    writeFileSync(join(this.folder, 'query.tsq'), query)
    writeFileSync(join(this.folder, 'tsa.cnf'), tsaConfig({ accuracy, ess }))
    const args = [
      'ts',
      '-reply',
      '-config',
      'tsa.cnf',
      '-section',
      'own',
      '-queryfile',
      'query.tsq',
      '-out',
      'reply.tsr',
    ]
    openssl(
      this.folder,
      [...args, '-signer', 'tsa.pem', '-inkey', 'tsa.key', '-chain', join(this.issuer.folder, 'ca.pem')],
      atMs,
    )
    return new Uint8Array(readFileSync(join(this.folder, 'reply.tsr')))
  }

  /** The token of some bytes, DER. */
  stamp(data: Uint8Array, options: StampOptions = {}): Uint8Array {
    writeFileSync(join(this.folder, 'data'), data)
    const { hash = 'sha256', certificates = true } = options
    openssl(this.folder, [
      'ts',
      '-query',
      '-data',
      'data',
      `-${hash}`,
      ...(certificates ? ['-cert'] : []),
      '-out',
      'own.tsq',
    ])
    this.reply(new Uint8Array(readFileSync(join(this.folder, 'own.tsq'))), options)
    openssl(this.folder, ['ts', '-reply', '-in', 'reply.tsr', '-token_out', '-out', 'token.tst'])
    return new Uint8Array(readFileSync(join(this.folder, 'token.tst')))
  }

  /** Signs a TSTInfo as signed data in general (CMS), which asks nothing of the certificate. */
  signContent(content: Uint8Array): Uint8Array {
    writeFileSync(join(this.folder, 'content'), content)
    const args = [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-cades',
      '-econtent_type',
      '1.2.840.113549.1.9.16.1.4',
      '-in',
      'content',
    ]
    openssl(this.folder, [
      ...args,
      '-signer',
      'tsa.pem',
      '-inkey',
      'tsa.key',
      '-nosmimecap',
      '-outform',
      'DER',
      '-out',
      'signed.tst',
    ])
    return new Uint8Array(readFileSync(join(this.folder, 'signed.tst')))
  }
}

/** Whether openssl accepts a token of `data`, at a time; what it said. */
export function opensslAccepts(
  folder: string,
  {
    token,
    data,
    anchors,
    atMs,
    untrusted,
  }: { token: Uint8Array; data: Uint8Array; anchors: string; atMs?: number; untrusted?: string },
): boolean {
  writeFileSync(join(folder, 'v.tst'), token)
  writeFileSync(join(folder, 'v.data'), data)
  writeFileSync(join(folder, 'v.pem'), anchors)
  const more = untrusted === undefined ? [] : ['-untrusted', 'v.untrusted']
  if (untrusted !== undefined) writeFileSync(join(folder, 'v.untrusted'), untrusted)
  const at = atMs === undefined ? [] : ['-attime', String(Math.floor(atMs / 1000))]
  const args = ['ts', '-verify', '-in', 'v.tst', '-token_in', '-data', 'v.data', '-CAfile', 'v.pem', ...more, ...at]
  const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder })
  if (!/Verification: (?:OK|FAILED)/.test(`${stdout}${stderr}`)) throw new Error(`openssl said: ${stdout}${stderr}`)
  return status === 0
}

/** What an authority's server does with a request. */
export type Behaviour = (query: Uint8Array, request: IncomingMessage, response: ServerResponse) => void

/** An HTTP server that asks `openssl ts -reply`; `behave` may be changed while it runs. */
export interface AuthorityServer {
  readonly url: string
  /** Queries that came. */
  readonly seen: Uint8Array[]
  behave: Behaviour
  readonly close: () => Promise<void>
}

/** Answers as RFC 3161, section 3.4, has it. */
export function honest(stamper: TestTimeStamper, options: StampOptions = {}): Behaviour {
  return (query, request, response) => {
    if (request.method === 'GET') return void response.writeHead(200).end(stamper.issuer.crl())
    if (request.headers['content-type'] !== 'application/timestamp-query') return void response.writeHead(415).end()
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(stamper.reply(query, options))
  }
}

export async function startAuthority(behave: Behaviour): Promise<AuthorityServer> {
  const seen: Uint8Array[] = []
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const query = new Uint8Array(Buffer.concat(chunks))
      if (request.method === 'POST') seen.push(query)
      authority.behave(query, request, response)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const authority: AuthorityServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    seen,
    behave,
    close: () => {
      http.closeAllConnections()
      return new Promise((resolve) => {
        http.close(() => resolve())
      })
    },
  }
  return authority
}
