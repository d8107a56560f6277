import { describe, expect, it } from 'vitest';
import { readSecrets, signatureHeaders } from '../../src/protocol/webhook-signature.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('the signature of a web hook', () => {
  it('is that of Standard Webhooks', () => {
    // The vector of the reference libraries of Standard Webhooks.
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    expect(signatureHeaders(message, readSecrets(SECRET))).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is one for each secret while one takes the place of another', () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const message = { id: 'job_1', timestamp: 1, body: '{}' };
    const both = signatureHeaders(message, readSecrets(`${SECRET}\n${other}\n`));
    const [first, second] = [SECRET, other].map(
      (secret) => signatureHeaders(message, readSecrets(secret))['webhook-signature'],
    );
    expect(both['webhook-signature']).toBe(`${first} ${second}`);
    expect(first).not.toBe(second);
  });

  it('is left out where there is no secret; id and time stay', () => {
    expect(signatureHeaders({ id: 'job_1', timestamp: 1, body: '{}' }, [])).toEqual({
      'webhook-id': 'job_1',
      'webhook-timestamp': '1',
    });
  });
});

describe('a secret', () => {
  it.each([
    ['', /got an empty file/],
    ['  \n', /got an empty file/],
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', /expected whsec_/],
    ['whsec_!!!', /expected whsec_/],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, /24 to 64 bytes as secret number 1/],
    [`${SECRET} whsec_${Buffer.alloc(65).toString('base64')}`, /secret number 2/],
  ])('cannot be %j', (text, problem) => {
    expect(() => readSecrets(text)).toThrow(problem);
  });

  it('is never shown in the error', () => {
    expect(() => readSecrets('whsec_c2hvcnQ=')).toThrow(/^(?!.*c2hvcnQ).*$/);
  });
});
