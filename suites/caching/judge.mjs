// Runs http-cache-tests against a client that stands behind a small server, as a private cache.
//
// node judge.mjs FOLDER BASE: FOLDER is the unpacked npm package, BASE the URL of that server. It
// prints each test that concerns a private cache: its kind, and how it ended, as JSON.

import http from 'node:http'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, base] = process.argv.slice(2)
const load = (name) => import(pathToFileURL(path.join(folder, name)).href)

const agent = new http.Agent({ keepAlive: true, maxSockets: 100 })

// A browser's fetch would add fields to the requests, and obey a cache mode of its own.
function plainFetch (url, init) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: init?.method ?? 'GET', agent })
    const fields = new Map()
    for (const [name, value] of init?.headers ?? []) {
      const before = fields.get(name.toLowerCase())
      fields.set(name.toLowerCase(), before === undefined ? [value] : [...before, value])
    }
    for (const [name, values] of fields) request.setHeader(name, values)
    // Fetch's cache mode "no-cache" sends this field, https://fetch.spec.whatwg.org section 4.6.
    if (init?.cache === 'no-cache') request.setHeader('Cache-Control', 'max-age=0')
    if (init?.body !== undefined) request.setHeader('Content-Length', Buffer.byteLength(init.body))
    request.on('error', reject)
    request.on('response', (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const headers = new Headers()
        for (let i = 0; i < response.rawHeaders.length; i += 2) {
          headers.append(response.rawHeaders[i], response.rawHeaders[i + 1])
        }
        resolve({
          status: response.statusCode,
          statusText: response.statusMessage,
          headers,
          text: () => Promise.resolve(Buffer.concat(pieces).toString('utf-8'))
        })
      })
    })
    request.end(init?.body)
  })
}

const { runTests, getResults } = await load('client/runner.mjs')
const suites = (await load('tests/index.mjs')).default
await runTests(suites, plainFetch, true, base, 40)
const results = getResults()
const judged = suites.flatMap((suite) => suite.tests)
  .filter((test) => test.id in results)
  .map((test) => ({
    id: test.id,
    kind: test.kind ?? 'required',
    passed: results[test.id] === true,
    why: results[test.id] === true ? '' : results[test.id].join(': '),
    needs: test.depends_on ?? []
  }))
console.log(JSON.stringify(judged))
process.exit(0)
