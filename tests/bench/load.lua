-- SPDX-License-Identifier: Apache-2.0
-- What wrk sends, and one line of what came of it: requests, microseconds, failures, p50, p99.
-- From the environment: BENCH_CASE get|list|schedule, BENCH_KEY, BENCH_ACCOUNT, BENCH_CONTENTS (how
-- many there are), BENCH_FIRST (seconds since 1970 of the first post: each next one a second later).
local kind = os.getenv("BENCH_CASE")
local contents = tonumber(os.getenv("BENCH_CONTENTS"))
local first = tonumber(os.getenv("BENCH_FIRST") or "0")
local account = os.getenv("BENCH_ACCOUNT")
local headers = {
	["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY"),
	["Content-Type"] = "application/json",
	["Accept"] = "application/json",
}
local n = 0

-- A stride that shares no factor with their number visits them all, never neighbours in a row.
local function content()
	return string.format("/api/v1/content/cnt_%026d", (n * 7919) % contents)
end

local requests = {
	get = function()
		return wrk.format("GET", content(), headers)
	end,
	list = function()
		return wrk.format("GET", "/api/v1/content?limit=50", headers)
	end,
	schedule = function()
		return wrk.format("POST", content() .. "/schedule", headers,
			string.format('{"scheduled_at":"%s","account_ids":["%s"]}',
				os.date("!%Y-%m-%dT%H:%M:%SZ", first + n), account))
	end,
}

function request()
	n = n + 1
	return requests[kind]()
end

function done(summary, latency)
	local e = summary.errors
	print(string.format("RESULT %d %d %d %.0f %.0f", summary.requests, summary.duration,
		e.status + e.connect + e.read + e.write + e.timeout,
		latency:percentile(50), latency:percentile(99)))
end
