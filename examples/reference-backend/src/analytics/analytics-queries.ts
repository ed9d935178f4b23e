// All SQL about usage. Every read is served by the index usage_of_user_since; test/indexes.test.ts holds it to that.

export const addUsage = `
  INSERT INTO usage (user_id, model, fallback, prompt_tokens, completion_tokens, latency_ms)
  VALUES ($1, $2, $3, $4, $5, $6)`;

export const usageByModel = `
  SELECT model,
         count(*)::integer AS answers,
         count(*) FILTER (WHERE fallback)::integer AS fallbacks,
         coalesce(sum(prompt_tokens), 0)::float8 AS prompt_tokens,
         coalesce(sum(completion_tokens), 0)::float8 AS completion_tokens
    FROM usage
   WHERE user_id = $1 AND created_at >= now() - make_interval(days => $2)
   GROUP BY model
   ORDER BY answers DESC, model`;

export const usageByDay = `
  SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
         count(*)::integer AS answers,
         coalesce(sum(prompt_tokens), 0)::float8 AS prompt_tokens,
         coalesce(sum(completion_tokens), 0)::float8 AS completion_tokens
    FROM usage
   WHERE user_id = $1 AND created_at >= now() - make_interval(days => $2)
   GROUP BY day
   ORDER BY day`;

export const latencyByModel = `
  SELECT model,
         count(*)::integer AS answers,
         percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY latency_ms) AS percentiles,
         max(latency_ms) AS slowest
    FROM usage
   WHERE user_id = $1 AND created_at >= now() - make_interval(days => $2)
   GROUP BY model
   ORDER BY model`;
