// Made by tests/confusables/make.ts from confusables.txt of Unicode 17.0.0, UTS #39: do not edit.
//
// The letters, marks and digits that look like another letter or like several. An entry is LOOK:LETTERS, both as code points
// in base 36, each but the first as the distance to the one before.

export const confusables =
  "13q:14d;13s:14e;13t:148;13u:144;1cr:59w 17r;lv:lx lg 1i is;lw:199;ld:13w 1 3f 1i 6x el;lc:1ub;" +
  "li:lo 2q kq 2 kr v1z n3e;li 1:ls rc ex 3k 74 3k 73 3l 3k 1g3i;le:lt ne b7 44i ra8;" +
  "lm:o6 g9 4j 3x wz jv 3k a1 1hs d 4d3 j4 18py;lk:1kj 6w;ln:18r it;lf:n6 lt;" +
  "lj:ns gx 1 7 1 2 88 2c 1 4s 71 o 74 3k 97;mw:mv;mg:ma z 4mq;lg:lh no b6 3qv ds ra7;lg 0:5bc;lq:5p6;lu:193;" +
  "nk:nr 141 7;nm:1s0;5ae:5ax;5ag:2o6m;ly:5pp;mh:192 4g6;mj:5p1;mr:nb;no:1rt;np:1ru;mt:mu;ll:9ik;" +
  "mb:14k h 47 i9 27 3k 3k 3k 3k 3hd 1avx 1hs l5;mc:1ri 3xs;md:307 6ie;me:m9 6 i;ml:5p5;mm:5p4;mp:m8 182;" +
  "18s:1r9 3 9;18t:1rm;18w:lz lf;191:19b;19s:lp;1fg:1fm;1vn:1z7 e8 3k 3k 3k j9 1fgp;2tk:2x4 1s3;2tl:2x5;" +
  "2tm:2x6;2tn:2x7;6i1:wvj;2n:1kq;19:8u2 1;19 ka:8tu 1;18:wl5;1m:k0 183 ao uii nvg;x:cj 8lq;" +
  "1r:g1 2b 1d5 20h t31;1a:19c 40 v7s 1ncl;1a -2:wl7;1a 0:wl6;53:3zb t48;53 0 0:8y0;53 -3f:404;53 -3d:3zr 9;" +
  "53 -3n:46n;53 -2d:41q;53 -2d it:41s;53 -2b:41m;53 -31:42g;53 -2z:43a;53 -2v:41i;53 -2q:40n;53 -2p:3zu;" +
  "53 b2:3zw;53 kc:432;53 kd:3ym;53 wh:40p;53 3t6:3yk;53 3t9:3yo;53 3ta:3yq;53 3tb:3ys;53 3tf:3yv;53 3tg:3yx;" +
  "53 3uj:3zy;53 3ul:402;53 3uq:406;53 3vc:40r;53 3vd:40k 9;53 3ve:40v;53 3vi:40x;53 3vj:40z;53 3w4:41g;" +
  "53 3w7:41k;53 3w9:41o;53 3wy:42a;53 3x0:42c;53 3x1:42e;53 3x3:42i;53 3x5:42k;53 3x6:42m;53 3xo:430;" +
  "53 3xr:434;53 3xs:436;53 3xt:438;53 3xw:43c;53 3yh:43t;53 3yj:4w6;53 3yk:4w8;53 3yl:4wa;53 3ym:4wc;" +
  "53 3yo:43v;53 3yp:43x;53 3z0:44c;53 3z2:44e;53 3z3:44g;53 3z4:44i;53 3z5:44k;53 3z7:44m;53 3z8:44o;" +
  "53 3zq:452;53 3zs:454;53 3zt:456;53 3zu:458;53 3zv:45a;53 3zx:45c;53 3zy:45e;53 40p:45z;53 40q:461;" +
  "53 40r:463;53 40s:465;53 40t:467;53 40u:469;53 40v:46b;53 41d:46p;53 41e:46r;53 41f:46t;53 41g:46v;" +
  "53 41i:46x;53 41j:46z;53 424:4we;53 427:4wf;53 428:4wg;53 429:4wh;53 42a:4wi;53 42c:4wj;53 42d:47i;" +
  "53 42r:47v;53 434:488;53 4qi:4vn;53 4ql:4vq;53 4qp:4vt;53 4qx:4w2;1us:x80;" +
  "13:jd 2 1 1 1 a 2 1 lq ez 1 2fp hu slc 13gl 1;13 0:je 1g lg;13 r:ap;13 t:ay;13 15:bo;13 19:bw;13 1e:c3;" +
  "7sc:9jj 2pw9;16:1f6n;1b:8ue 1 oc 4b 5td;2k:fg6;12:x2w;2m:jq;jt -h3:ui;jt -h3 7:wup;6pu:2ojw;" +
  "6pu -631:6o 2od9;6pz:1jfs;17:1f2z 193i;1o:3zs hm;1o 3f:405 4tr 1;1q:3zn 1wjw;1q 3d:401;6qo:2ojs;6sh:8tz;" +
  "1v5:2mm;9oc:3g3 byl hrr;9oc 0:3h2;9oc -68r:16m1;9oc -68n:16m2;9oc -68n c03:16m3;9oc -68j:16m4;" +
  "9oc -68e:3h1;9oc 5rg:3g4;9oc 5rg -bzu:3h3;1yf:1ioh;2g7:2jr;37l:38l;1e:br g1 3br sqt 4r 2z;19e:1de w65;" +
  "1uw:240 1k;1yg:1ioi;2g8:2js;1e lf:cb;2qw -p:2qx;2qw -l:2r3;1f:c7 2t e3 5l w9 ao 6nn 14 8 o7y 1t mcf h2p;" +
  "19f:1df 2n6e;1f kz:wo;1g:3wu 1fj5;19g:1dg;1uy:25m;1g 3n:46o;1h:cc 1j3z;1i:rw 1x 33x 4x0 1 9 1am1;19i:1di;" +
  "1yk:1iom;1j:1fiq 3xw;1k:f6 1 1jb 3k 49 1d07 19dd;1v2:25q;1l:1yl 3e 75 ed 671 1 o83 mda w a;" +
  "19l:1dl ha 1hml;2gf:2jz;2p:gh 9s 3j;o3:92u;1t:pd 3j 32y ez sa1 iia lgg;2p 0:x0z;1t 0:x0y;2p 4:6e rz;" +
  "1t 4:5i su;2p e:x11;1t e:x10;2p k:x13;1t k:x12;2p l:x15 2;1t l:x14 2;2p o:x19;1t o:x18;5q8:xve;" +
  "8rz:4as sa3;8s0:1fdr;2q:as iw 337 4j 8t 1w5j;1u:pe 3k 34y eb 4gb nri kk hxq v 2o;2q j6:gj;2q it:41f;" +
  "2q iq:aq 1 i6;2q k3:ao ki 1 15 1;2q 2d:41r;2q it -gg:41t;2q -1n:420;2q a:tn;ih:tu 34a 4uf;" +
  "2r:u9 2bn 2e 2i2 335 p3e hhq;o8:92l;1v:td 33y 4w5 nqu iiw 2o 7n 7b 3wt 9;2r k5:fw;2r jn:x7;1v kj:x6;" +
  "1v -s:av;x3n:gr 9m 4f 59 7so p3m hhq 42t;x3m:sk 804;x1b:ot;x1a:sf;2s:zl 2xy 3s sir;1w:3vk fy c s89;" +
  "2s j4:gn;2s jo:gm;2s io:b0;2s k1:7l;1w kx:5s 1s 3d;x2x:x2y;2s 2b:41n;2s -1p:41z;2s c9:is;2s m:ir;2s fh:it;" +
  "5qd:xv4;61r:qc ca 361 4me;2t:tx 3s wvp;o4:92v;1x:ph 3k 32v 51p nnb ihi 4dc 8;2t k3:g7;1x kz:g6;2t jn:xr;" +
  "5qf:xvg;d9:gp hs;b2:8xm nnb;d9 75:gq;d9 -a6:5qs;d9 -a6 jt:xtt;d9 -a6 jq:xtu;b3:yg;b4:100 2wr 1bg6 l64;" +
  "gs:tz 4wh;gs 5m:wp;gu:1feq;ii:x3x ia5;2u:b6 s2 4yh r24 po;1y:rg 3iw sa1 jf hyn u hs 3ul w;1y kg:b5;" +
  "2u jy:5ta;2u 8 jf:ix;6k2:4ad sa1;x6j:4af;2v:b1 5w m8 4qq;1z:zw 2wk 1f smb;2v j1:gw;2v jy:dh;1z ku:dg;" +
  "1z -w:b7;gy:zx 2y6 txx;2w:xn 51 2tu;20:pj 3q 332 ch 4k2 nrt ijs;2w j0:h2 3gs syr;20 kh:wy 7ut;2w jx:87 ms;" +
  "20 kt:86;20 ke:xz 2;ik:u5 7yq p30;ik 3x:wz;ik 3u:y0 2;dy:zu;8s6:xvk;8s5:og 37c 8 t1d;x0n:x3p;" +
  "2x:8h 8o 1 9b 4d 8c 2sj 4xa o1g 10u lla;2x jw:h4 5cj 1;2y:s3 2t;22:ov 3t 337 6a si4 k9;2y jv:g9;22 kr:g8;" +
  "22 31:42h;fr:12t;5qi:xvf;23:pm 3k 34c kv 4an nr7 j0h;2z ix:bd;23 ke:wq 7v3;23 kq:wu w4i;23 -10:bc;" +
  "30:1d o 99 16 d5 31 56 f 7a a 20 1m 40 61 2yf 4b5 59 nmr ihk 3j n 5a2 7 fyh 3i o0v;" +
  "24:3xa 5o 4rq npt it6 7f 3ul f h2c;30 jw:8y;24 ks:8x;30 jg:h9;30 jt:bb 3;30 js:h7;30 161:19v;30 23:43b;" +
  "30 -1x:169;30 0:ch tr;30 -t:tq;30 7:iy;30 c1:ha;30 e:iz;30 16w:19u;in:8up p25 hhx;" +
  "25:po 2m y 32z ft 6e 4aq nrb ij5 2p;25 k9:y5;5wf:92g;32:12w 4;26:pp 83h nra j03;32 je:hf;" +
  "32 jf:97 2b ex cb;26 k8:bh;32 jq:5tc;hg:8t7;5qm:on 5d 1el1;" +
  "33:qn 4 16 29 93 2k 2u u 2h 3 k w hd 3k 3k 3k 3k 3k s 2s s 3k u 1y s 5q 3k 99 z 5b 1cx 10v 2 32m p0e hkf " +
  "5a 352 s8 f;27:1c of 3j 8n h7 o0 cm 162 53i 52 j7 n3g ihr p 9l 5a 2c 3vj 17 zk;33 ib:1dr;33 jt:6w xmu;" +
  "27 kp:60 8rt;33 jq:hh e6 3a 7u0 o8q ub 19;27 km:bj e1 w 56 3a 2xi 19 4v9 4h o49;33 j0:xv8;27 -14:3vo;" +
  "33 -a:9f;27 -a:9e;33 5nc:hi;33 0:wwp 52;27 0:wwo 52;33 2ip -2ip:2n3;33 33x:368 5j;gk:or 51x vo 18sn;" +
  "au:sd 5ty py0 itk;gk 6c:xtr;gk -dr:xuq;hj:1fen;34:72 5d ea 1j 20 7z7 18;28:pt 3j 342 3v 4s5 18 npf iis;" +
  "34 is:bp;34 jp:5tp;34 1z:41j;28 -15:41y;5qw:5rd s5l;hk:qu 3i 7zb 1h 1;35:10b 20 3;29:8yd;35 ir:io;gb:5u8;" +
  "8o:qi 3k 4wh 32i p41;8o dt:wr;8o e5:wv;36:tv 4xf 31b p1e 1 1l;2a:bq 3jv 1d c5 sbg ixd l1d;36 ja:hp;" +
  "36 jb:ho;36 jn:gd g6;36 jm:5te;36 -23:wh;36 -4:31 1j0z df;36 -4 jc:hd;36 -4 jq:5tb;hs:xv5 1d;5qx:un;" +
  "hq 52:5tf;37:cd ig 1qi ufm vt hi6 41l;2b:sl 96 2va 5 snc iic ay l5m;37 j9:hu;37 jl:5tg;" +
  "67:qa 37i 23y r2v x;hv:xu5;bt:pv 886;2c:pw 3i 328 4xw nqm iir q 2s 49z h1q;38 io:bx;2c kk:fy;2c k4:by;" +
  "2c k5:x8;38 jl:9z;2c kh:9y;38 jk:5th;x3a:3a8;2c -x:x0o;38 dd:iw;38 -e:x2v;38 -1:iu;38 en:iv;38 bt:x0p;" +
  "5qz:qs 3i 7z9 p1n;5qz -54i:x9;bv:3wf;39:i3 8q c8 4nz rcz q7 4 hpg 3xe;2d:11p 2ib gc sko ixm 3xm h3e;" +
  "39 j8:v3;39 jk:5tq s2m;2d kg:g4 3go;2d 2q:40o;2d -1a:413;39 -g:5t7;39 -6:xur;hc:12y 2i1;c1:4dq 6;" +
  "i2 4r:5tr;3a:ql 54 9v 4lk s5l l7h ca;2e:vo dv 40 2jm 2e 4y1 nn2 e1 im6 3ur h2g;2e 2p:3zv;i4:5rb 31s 16pt;" +
  "g5:pn 3k gd 40 2m1 4xy nn2 dl 7g hwz f7 l1p;g5 6r:x5o;g5 69:xx;g5 -b2:3zx;" +
  "3b:hb d5 p 58 1w 4ow 330 p1i l8n 4 1;2f:10c 2vr x snq mws 9;3b sv 1:vx;3b i8:1io5;3b j3:x29;" +
  "i5:u4 4wh 32k p2m;i5 49:y6;3c:ud 3cs 1o;of:92n;2g:pz 3i 3o2 4c5 4x nm6 js hy5 10 2r b ed 3wl;2g k1:xe;" +
  "3d:gz 18 84 40 30 2ew 2hx ab 2p6 p0x lmq;2h:px 3i 3v 2yj k 4x7 nr8 iiu 4c2 h3z;3d ij:c4;3d jg:gf gy;" +
  "2h kc:ge gy;f1:ia gf 2du 5hu 8 o7y;3e:5r6 s4x lkh;2i:pi 371 snt il5 4ac 1o;3e j2:i8;3e jf:c6;2i kb:c5;" +
  "3e j0:f9;2i jw:f8;3e je:5ti;8rw:8st;8rv:8ss;ib:8t9;66:s7 1eq5;x5f:x5e;x5h:x5g;bs:rt 4zf r35;" +
  "at:uk x1v 12k2;at -7w:uj;g2:xvi;ip:wy5;ig:8yh nwv imz;pf:sz 332 6s 4pr 1rpf;pf -2m:wi;pf -kc:433;" +
  "pf -oc:wg;pg:3yb 4ub 62 163p u lfb;pg -kd:3yn;pg 39o:3zg;rb:8v8;qj:8t2 ocl idc;qj -3n:bf;pq:8ty;" +
  "qo:u7 4x5 321 1rmo;ps:tb 801 o57 13gr;rc:1f3h 2t;sc:8u9;qq:rf 81c;py:tg 8f 2jx xc 4ai 16a1;qv:8tp p0m 2;" +
  "qw:vl 7y6 16q2;q0:vk 3mw 4ba 169z f0;qx:8tt o0s a2;q1:4dr 6 1apt;ty -7h:wn;t2 -6l:wm;t4:om w8b ih0;" +
  "t4 -6q -12:wa;u0 -7m -w:wb;xv:1fi4;u3:5rf;u3 -7p:xy;ux:xuo;wvd:1fjf;92k:5wu;sr:1fil;v4:3wn fc;v4 12 1:vw;" +
  "v4 -q1:4x9;wuk:8ts oau;uf:rp 1c5 1t;tj:ro;xj:y4;xi:y3;xo -b8:xq;tk:8u4;tm -qm:wuo;wuw:20ik;8qn:xhu;" +
  "12p:3o4;11k:3mo dq skn;11k -wh:40q;11k -10h:414;11w:8u8;121:jj;17s 4z:1g1;17s 56:1py;17s 18:1pd;1a3:1cg;" +
  "1a8:1hhj;1g4:1gn 8y;17t:1c3;17u:1a2;17u -mc:1q7;1ae -ow:1q9;17x 4u:1ad;17x 13:1a9 6p;17z:1f4x;17z -q:1ag;" +
  "17z 4s:1am 1;17z -ml:1da;17z -ln -1:1pq;1ai -39:1aj;181 -s:1ap;181 4q:1aw;181 -mj:1aq;181 -mj 1:1q1;" +
  "181 -mn:1db;181 z:1gs;182 -mo:1pu;1av -3m:1gx;183 4o:184;183 -mp:1ha;185:1f5e;185 4m:1b2;185 -lt -1:1pr;" +
  "187:1f54;187 4k:1b3;18h:1bb;1b5:19r gc 1;1b5 1m:1b8 4;1b6 1l:1pg;18j:1bd 1;18j 48:1bh 52;18j -n1:1qa;" +
  "1bg:1gi;1bj:1ps;1bj 18:1bo;18k 47:1br;18k -n2:1bp;18l 46:1pj;18m:1hhi;18m -1d:1go;18m -n4:1gp;" +
  "18o:1pt 1df7;18o 43:1cb;18o -mt:1c7;18o -n6:1c6;18o -na:1c9;18o 14:1c8;18p:18q 10 24 i 6 dn;" +
  "18p -1g:1a1 1u;18p 42:17v k 1r 1r k 3l;18p 42 7:1pz;18p -n7:1ce 3s;18p -1g -lr:1q8;18p 42 -r9:1q6;" +
  "18p -n7 1:1q2;18p -nb:18d;18p -n3:1ov;18p b:1pk;8xs:1f3s;3k6:11g;3mp:11o;3ou:117;3s3:11m;1s5 -16n:1v6;" +
  "1s5 1l:1s6;1s5 1l -188:1sh;1s5 1l -4:1v8;1s5 1l 8:1si;1s5 1l a:1sk;1s5 1l 1i5i:1sj;1s5 1h:1v7;1s5 22:1v9;" +
  "1s5 1t:1s4;1s9:204;1sf -16x:1sd;1sf 1j:1se;1sf 1i6t:1sg;1sv:1zz;1sw:200;1sy:20b;1t0 15 -15:1zw;1t6:207;" +
  "1t6 z -1a:22a;1t6 z -1a 4g:1zb;1t6 z -1a 81:1zc;1t6 z -1a 1i6d:1zj;1t9:20e;1ta:20o;1tc t -1y:1s8;1th:1zp;" +
  "1tl:20l;1tp:24d;xdn:1i3g;1tq -188:1u1;1tq -4:1tn;1tm:1i2z 1w5;1tt:24h;1tu:24i;1ty:217;1u0:214;1u5:219 3k;" +
  "1vp 1l:1vq;1vv 1k:1y8 1;1w8:1imq;1wa:1ims;1wc:1imu;1we:1imw;1wf:1imx;1wh:1imz;1wj:1ine;1wk:1in2;1wl:1in3;" +
  "1wm:1in4;1wn:1in5;1wo:1in6;1wq:1in7;1ws:1ind;1wu:1inb;1wv:1inc;1ww:1yo 1gor;1wy:1in1;1x3:1inh;1x4:1ini;" +
  "1x9:1io4;1xa:1ink;1xb:1tr 74 1gmq;1xj:1int;1xp:1io2;1xz:1inx;22b 1hwv:1zd;22b 1hww:1ze;1z9 -59:1zk;" +
  "1z9 1l:1za;1z9 1z:1zo;22t 1l:22u;22t 1l 7:235;22t 1l 9:237;22t 1l a:238;22t 1s:231;22t 1u:233;22t 1v:234;" +
  "26d 1l:26e;287:375;29x:2cu;2a0:2b4 e;2a0 1l:2cr;2a1:2co 81;2a1 16:2a2;2a1 cu:2kq;2a6:2ct;2a8:2ak ao;" +
  "2ad:2cn;2ai:2cq;2ai 13:2cs;2ai 14:2cy;2an w:2m2;2ar:2lf;2ar bu:2nu;2b2:2lh;2b3:2cw;2b9:2l2;2b8:2lw;" +
  "2b7:2c7;2ax:2bs;2ba:2bc am;2bj:2m7 1;2bq:2me;2bq 0:2mg;2bq 94:2kw;2br:2mf;2dh:2h1;2di:2h2;2dj:2h3;" +
  "2dn 1f:2g0;2do 1e:2g1;2ds:2hc;2du:2he;2du 1m:2dw 3k;2du 1v:2dv 3k;2dz:2hj;2e4:2ho;2e5:2hp;2e6:2hq;2e7:2hr;" +
  "2e9 -1ry:2ea;2eb:2hv;2ee:2hy;2ef -19n:2ed;2eg:2i0;2ek -1s9:2el;2en:2i7;2eo:2i8;2eo -19w:2e8;2ep:2i9;" +
  "2eq:2ia;2et -1si:2ev;2et 9:2ex;2et c:2em;2er:2ib;2f3:2in;2f5:2ip;2f5 -3:2f6;2f7:2ir;2f7 -5:2f8;2h8 1e:2jl;" +
  "2hi -1v7:2dy;2kn 28:2ko;2ky 18:2kz;2ky 1x:2l0;2la:2n5;2li 13 -t:2nf;2lk p:2ks d;2lk 11:2nj c;" +
  "2lk 11 -11:2ng;2lk 11 -v:2my;2ls:2lt k1 5y;2ls t:2ne i;2ls lq:39d;2ls l8:35s;2ls l8 d -ll l8:36r;" +
  "2lu r:2nx;2lx o -t:2ni;2m1 k -v:2nq;2lv q:2ny;2m9:2ma 1;2oh:2ph;2oh 20:2oj;2oh 1l:2oi;2ok:2pl;2or:2pi;" +
  "2ow:2ps;2oy:2qy;2pb:2qz;2pj:2pw;2pv l:2od;1ik4 e -1c:1ij7;1ik4 e -16:1ijd;1ik4 e -v:1ijo;1ik4 e -p:1iju;" +
  "1ik4 e -m:1ijx;1ik4 e -k:1ijz;1ite:1ivs 1;1itf:1ivu;1itg:1ivv;1iuq:1ivw;1iur:1ivx;2rm:2rn;2ro:2s4 1;" +
  "2rq:2sh;2rs:2vc;2ru:2rv;2ry:2rz;2s1:2s7;2sa:2vu;2sb:2vv;2sd:2vx;2se:2vy;2sf:2vz;2sg:2sm;2si:2vh;2sy:2th;" +
  "2t0:4on;2t1:4oo;2t2:4op;2t3:4oq;2t4:2wo;2t5:2wp;2tc 0:2td;31e:31m;31k k 2:2yo;322 0:323;324 0:325;" +
  "1k8a:1k8i;4k5:4l0;35v 1n:38w;36d 15:38m;36d n:36n;36d n i:38v;399 -1r:39a;36j z:38h;36m u:36x;" +
  "36m u -z9 yt e:36y;4ne:4nj;4o2:4o3;526:53k;52p:53l;56t:58g g;xkx:xn7;xlv:xna;5cd:5ea;5ch:5eb;5d4:5eg;" +
  "xi5:xib;4t8:4uu;4s5:4t1;3y9 -3t6:3yl;3y9 v:3zf;3yc -3t9:3yp;3yd -3ta:3yr;3yd r:3zh;3ye -3tb:3yt;" +
  "3yi -3tf:3yw;3yi m:3zi;3yj -3tg:3yy;3z2 xt:4wt;3z5:441;3zd:474;3zm -3uj:3zz;3zo -3ul:403;3zt -3uq:407;" +
  "40f -3vc:40s;40g -3vd:40u;40g -3zd:415;40h -3ve:40w;40l -3vi:40y;40l -3zi:416;40m -3vj:410;417 -3w4:41h;" +
  "417 -404:41x;41a -3w7:41l;41c -3w9:41p;421:4cj;421 -3wy:42b;423 -3x0:42d;424 -3x1:42f;426 -3x3:42j;" +
  "428:4ci;428 -3x5:42l;429 -3x6:42n;42r -3xo:431;42u -3xr:435;42v -3xs:437;42w -3xt:439;42z -3xw:43d;" +
  "43k -3yh:43u;43m -3yj:4w7;43n -3yk:4w9;43o -3yl:4wb;43p -3ym:4wd;43r -3yo:43w;43s -3yp:43y;443:4ck;" +
  "443 -3z0:44d;445 -3z2:44f;446 -3z3:44h;447 -3z4:44j;448 -3z5:44l;44a:4cn;44a -3z7:44n;44b -3z8:44p;" +
  "44t -3zq:453;44v -3zs:455;44w -3zt:457;44x -3zu:459;44y -3zv:45b;450 -3zx:45d;451 -3zy:45f;45n -43z:45o;" +
  "45n -42x:45q;45n -52:45p;45n -3f:45r;45s -40p:460;45t -40q:462;45u -40r:464;45v -40s:466;45w -40t:468;" +
  "45x -40u:46a;45y -40v:46c;46g -41d:46q;46h -41e:46s;46i -41f:46u;46j -41g:46w;46l -41i:46y;46m -41j:470;" +
  "477:4de;477 -424:4ww;47a:4df;47e:4dg;47g -42d:47j;47k -44u:48z;47k -44u it:490;47k -44s:48x;47k -45c:48v;" +
  "47k -6d:4fj;47k -6c:48u;47k -6a:48w;47k -68:48y;47k -5p:491;47u -42r:47w;47y -42v:4wz;486 -433:4x0;" +
  "487 -434:489;48b -438:4x1;492 -43z:4x4;49h -47f:49d;49h -7g:4fk;49h -7f:49a;49h -7e:49b;49h -7d:49c;" +
  "49h -7b:49e;49h -79:49f;49h -78:49g;49i -47g:4fn;49i -7f:4fl;49i -7e:4fm;49i -7c:4fo;49i -7a:4fp;" +
  "49i -79:4fq;49j -44g:4x6;49z -44w:4fr;4a0 -44x:4fs;4a1 -44y:4ft;4a2 -44z:4fu;4a3 -450:4fv;4a4 -451:4fw;" +
  "4a5 -452:4fx;4bl:wl3;4c4 -471:4xc;4d7 -484:4xe;4f4:wkt;4wv -xt:4ws;4xh:4wr;4hl:wxc;4ho:4ip;4hp:4hu;" +
  "4j3:8yr;4ik:1f2s 4df;4iu:1fio;1h1e:1h4s;1h2d:1h4q;3cw:3hk;3cw 0:3cx 4o;3cw 2:3ju;3cw 3:3fe;3cw 5:3ib;" +
  "3cw 7:3jv;3cw 9:3hm;3cw 9 -9:3ic;3cw e:3jw;3cw f:3jx;3cw i:3jy;3cy:3hn;3cy -2:3df 4y;3cy 0:3dg 6j;" +
  "3cy 1:3dh 4x;3cy 3:16mj;3cy 5:3di;3cy 7:3ff 30;3cy a:3fg 28;3cy c:16mk;3cy e:3ih;3cy g:3fh 28;3cy 1q:3ig;" +
  "3cy 30 bzu:mkf;3cz:3hq;3cz -3:3dj 4z;3cz 0:3d0 139l;3cz 0 4:16mm;3cz 2:3fi 31;3cz 3:xgg;3cz 4:xgh 966;" +
  "3cz 6:xgi 966;3cz 6 -9:16mp;3cz 9:xgj 967;3cz b:16mr;3cz d:16ms;3d1:3hr;3d1 -5:3hs tys;3d1 -5 0:xgl 968;" +
  "3d1 -5 9:3ik;3d1 -5 i:16mu;3d1 -3:3dk 51;3d1 -2:3im ty0;3d1 -2 0:xgn;3d1 -2 f:3in;3d1 0:3dl 53;" +
  "3d1 0 a:16mv;3d1 1:3ht tyv;3d1 1 -6:3ip;3d1 1 3:3iq;3d1 1 c:16mw;3d1 2:3hu tyv;3d1 2 -4:16mx;3d1 2 0:xgq;" +
  "3d1 2 2:3ir;3d1 2 4:3it txy;3d1 2 a:16my;3d1 2 b:3is;3d1 4:3hv tyx;3d1 4 0:3iu;3d1 6:3dn 139e;3d1 7:xgt;" +
  "3d1 a:3iw txy;3d1 b:3hw;3d1 c:3hx;3d1 d:3dm x 3f 135o;3d1 1n:3iv;3d1 1z:16mz;3d1 2c:3ix;3d1 2c -1z:16n0;" +
  "3d2:3hz;3d2 -6:3iy txx;3d2 -4:16n2;3d2 -4 0:16n3;3d2 -3:xgw;3d2 -1:3iz;3d2 0:16n4;3d2 1:3do 5c;" +
  "3d2 1 2:16n5;3d2 3:3j1 txw;3d2 3 0:3j2;3d2 5:3dp 5h;3d2 6:16n6;3d2 8:3j4;3d2 c:3j5;3d2 1m:3j3;3d2 2j:ggv;" +
  "3d3:3i0;3d3 -7:3dq;3d3 -5:3dr;3d3 -4:3ds 139f;3d3 -2:3j7;3d3 -2 c:16n8;3d3 -1:16n9;3d3 0:3d4 13a6;" +
  "3d3 0 4:3e4;3d3 2:3dt 48;3d3 2 -9:3du;3d3 2 -6:3dv 139g;3d3 2 -2:3dw;3d3 2 0:3dx;3d3 2 3:3dy;3d3 2 7:xgy;" +
  "3d3 4:3e3 57;3d3 5:3dz 139d;3d3 7:3e0 139d;3d3 8:xgz;3d3 9:3e1;3d3 a:3e2 56;3d3 b:3j9 txr;3d5:3i2;" +
  "3d5 6b7 -6bg:fka;3d5 6b7 -6ba:glk;3d5 -9:3e5 56;3d5 -7:3e6;3d5 -6:3e7 55;3d5 -4:3e8 55;3d5 -3:3e9 1395;" +
  "3d5 -2:3ea 54;3d5 -2 -7:3eb;3d5 -2 4:16nf;3d5 0:3d6 4x;3d5 0 6b7:fff;3d5 0 -9:16ng;3d5 0 -6:16nh;" +
  "3d5 0 -2:xh1;3d5 0 0:3ec;3d5 2:3ed;3d5 3:3ee 1395;3d5 5:3ef 1395;3d5 6:3eg;3d5 7:3eh 1394;3d5 8:3ei;" +
  "3d5 1j:16ni;3d7:3i4;3d7 -b:3ep 4r;3d7 -b 0:3jh;3d7 -8:3eq;3d7 -6:xh2;3d7 -5:3er;3d7 -4:3es;3d7 -2:3et 4s;" +
  "3d7 0:3ev 4n;3d7 1:3ew;3d7 3:3ex;3d7 4:3jj;3d7 5:3ey;3d7 6:3ez;3d7 7:xh3;3d7 1h:3eu 4s;3d8:3i5;" +
  "3d8 -5:16nr;3d8 -5 0:16ns;3d8 -1:3f1;3d8 0:3d9 13ak;3d8 0 6:xh4;3d8 2l:ff9;3da:3i6;3da 1:3f6;3da 4:3f7;" +
  "3db:3i7;3dc:3i8;3dc 6b0 -6be a:tiv;3dc 0:xh5;3dd:3i9;3dd -a:3fa 4d;3dd -8:16nu;3dd -6:3fb 4d;3dd -1:16nv;" +
  "3dd 1:xh6;3de:3ia;3de -g:3jp;3de -d:3jq;3de -c:3jr;3de -b:3js;3de -9:xh7;3de 0:3fc;3ek 0:3el;3em 0:3en;" +
  "3eo:3jf;3eo -1l:16nn;3eo -1l 4:16no;3f0:3jk;3f0 -1y:16np;3f0 -1m:16nq;3f2 0:3f3;3f4 0:3f5;3fd:3jt;" +
  "3fd 0:xh8;3fl 68r:3hf;3fl 8:3g6;3fl d:3g7;3fl c07:3fm;3fn 6:3g8;3fn a:3g9;3fn b:3hg;3fn c05:3fo;" +
  "3fp 68n:3gc;3fp 4:3ga;3fp 9:3gb;3fp c03:3fq;3fr -4:3hh;3fr 2:3gd;3fr 7:3ge;3fr c01:3fs;3ft -8:3fu;" +
  "3ft -8 c07:3fv;3ft -6:3hi;3ft -6 c05:3hj;3ft -4:3gf;3ft -4 c03:3gg;3ft -2:16ls;3ft -2 c01:3gh;3ft 0:3gi;" +
  "3ft 0 bzz:16lt;3ft 5:3gj;3ft bzz:3fw;3fx -c:16lu;3fx -c c07:16lv;3fx -a:3gk 2;3fx -a c05:3gl;3fx -8:16lw;" +
  "3fx -4:3gn;3fx bzv:3go;3fy -d:3gp;3fy -d c07:3gq;3fy -9:3fz;3fy -9 68n:3gr;3fy -9 c03:3g0;3fy -7:16lx;" +
  "3fy -7 c01:3gs;3fy 0:3gt;3fy bzu:3g1;3fy bzu 0:16ly;3g2 -h:3gu;3g2 -h c07:16lz;3g2 -d:3gv;3g2 -d c03:3gw;" +
  "3g2 -b:3gx;3g2 -b c01:3gy;3g2 -9:16m0;3g2 -4:3gz;3g2 bzq:3h0;3ha -1p:16md;3ha -1l:3hb;3ha -1l c03:16me;" +
  "3ha -1c:3hc;3ha 0:3he;3ha byi:3hd;9ko:9nc;2dk2:fim;wk5:x4h;wkk:x3y;wl2:1fdd l5h;1jvp a:1jvq;1jvp 0:1jvs;" +
  "1jvp 0 a:1jvt;1jvp 0 b:1jvu;1jvp b:1jvr;1jw3 -4:1jw4;1jw3 0:1jw6;1jw3 0 -4:1jw7;1jw3 0 -3:1jw8;" +
  "1jw3 -3:1jw5;1jvv 4:1jvw;1jvv 0:1jvx;1jvv 0 4:1jvy;1f3c:wwq;1fei:x3v;1fde:x3u;1fgm:1fhc;1f9e:1fbl;" +
  "1f9v:1fbn;1fa2:1kxk;1ggu:1omx;ffs:3g5;ffs -5rg:3h8;ffs -c07:3h4;ffs -c05:3h5;ffs -c05 6:16m5;" +
  "ffs -c05 c05:16m6;ffs -c01:16m7;ffs -c01 c01:16m8;ffs -bzz:3h6;ffs -bzz bzz:16m9;ffs -bzv:16ma;" +
  "ffs -bzu:3h7;ffs -bzq:16mb;ffs -byi:3h9;ffs 0:16mc;fik:9mz;fjv:9lw;fp1:fsy;ftw:fuk;g1r:9pi 1qz0;g2z:9n3;" +
  "g6t:2ues;gbf:9m3;ggh:3yht;ggs:9mw;gkj:9nx 7hm;ako:dcr;gur:gv3;h7j:hkb;app:beb;hgh:hgr;hij:hkv;hkn:2xbn;" +
  "hlh:9mn;hlm:2xdz;2xm0:2xlz;hwv:hz4;ibk:3tbu;ijp:9m0;ild:ilu;ivu:30g5;jee:jeg;bi9:jrd;bmi:kc6;k7u:k89;" +
  "33a7:3tby;kcs:peu;kcv:pg0;kcw:pfu;kcz:phd;bp1:ph2;kd4:pif;bp6:imo;bp7:dgg;kdf:plz;kfi:kjj;bs3:kx5;kv1:kyv;" +
  "lmt:358g;lu0:lzt;37dg:3rnp;mud:37jx;395l:395m;cop:vk3;cov:k83;npw:nrj;or9:os6;ouf:4dq4;3d7s:3d7h;ph8:pj5;" +
  "dhf:kdi;3eie:3eo6;q6l:qbj;qif:qip;3gz2:dxx;ram:rct;dyu:ra6;rk6:rkf;rq4:rqb;rvf:3b2s;ry7:rye;s11:s1m;" +
  "s5z:s63;s8v:s9z;slq:sm6;t65:t66;trr:trs;v9e:v9f;vdd:vde;2fw:2jg;5ay:5wo;5az:92m;5b9:5bb;5bd:m2;x5a:id wmy;" +
  "1hiy:nc;1jz6:1ue 6j;1jz7:1uf 6j;1jz8:1tz 74;20oj:g2a;3tbz:j7c";
