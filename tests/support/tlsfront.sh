#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private nginx that speaks TLS on a loopback port and hands everything on to a server without it.
#   tlsfront.sh FOLDER PORT TARGET   becomes nginx; FOLDER/ca.pem is who signed its certificate
# Addresses of itself that TARGET (HOST:PORT) names in its answers become https.
set -eu

folder=${1:?folder}
port=${2:?port}
target=${3:?host and port behind it}
PATH=$PATH:/usr/sbin

# certificate NAME SUBJECT OPTION...
certificate() {
	name=$1
	subject=$2
	shift 2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$subject" \
		-keyout "$folder/$name.key" -out "$folder/$name.pem" "$@" 2>>"$folder/openssl.log"
}

mkdir -p "$folder/tmp"
certificate ca 'a test CA'
certificate server 127.0.0.1 -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
	-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
cat >"$folder/nginx.conf" <<EOT
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log $folder/nginx.log warn;
events { worker_connections 8192; }
http {
	access_log off;
	client_body_temp_path $folder/tmp/body;
	proxy_temp_path $folder/tmp/proxy;
	fastcgi_temp_path $folder/tmp/fastcgi;
	uwsgi_temp_path $folder/tmp/uwsgi;
	scgi_temp_path $folder/tmp/scgi;
	server {
		listen 127.0.0.1:$port ssl backlog=4096;
		ssl_certificate $folder/server.pem;
		ssl_certificate_key $folder/server.key;
		ssl_session_cache shared:sessions:10m;
		client_max_body_size 0;
		location / {
			proxy_pass http://$target;
			proxy_http_version 1.1;
			proxy_set_header Host \$http_host;
			proxy_request_buffering off;
			proxy_redirect http:// https://;
			sub_filter http://\$http_host https://\$http_host;
			sub_filter 'http:\\/\\/\$http_host' 'https:\\/\\/\$http_host';
			sub_filter_types application/json;
			sub_filter_once off;
		}
	}
}
EOT
exec nginx -c "$folder/nginx.conf" -e "$folder/nginx.log"
